/** Trust and commercial facts. */
import { ELEMENTS_LIMIT, type Evidence, type PageElement } from '../evidence.ts';
import { labelOf, mainAction } from './action.ts';
import { amountOf, pricesIn } from './prices.ts';
import { fail, pass, perDevice, perPage, unknown, warn, type Measured, type Rule } from './rule.ts';
import { nodesOfType, offersOf } from './structured-data.ts';
import { CONTACT, PRIVACY, RETURNS, REVIEWS, SHIPPING, TERMS, blindSpot } from './words.ts';

const NOT_A_PRODUCT = 'not a product page';
/** How far from the main call to action a fact still belongs to the purchase, in characters of text in reading order. */
const NEAR = 600;

const priceVisible = perDevice({
  id: 'price.visible',
  title: 'The price is in the first screen',
  category: 'trust',
  threshold: 'a price in the first screen of a product page',
  method: 'amounts with a currency in the visible text of the first screen',
  source: 'heuristic',
}, (view, evidence) => {
  if (evidence.businessType !== 'product') return unknown(NOT_A_PRODUCT);
  const shown = view.elements.filter((element) => element.kind === 'price' && element.visible);
  const first = shown.find((element) => element.inFirstScreen);
  if (first !== undefined) return pass(`"${labelOf(first)}" in the first screen`, [first]);
  if (pricesIn(view.text.firstScreen).length > 0) return pass('an amount with a currency in the first screen');
  const [later] = shown;
  if (later !== undefined) return warn(`the first price, "${labelOf(later)}", is ${Math.round(later.box.y)} px down the page`, [later]);
  return warn(pricesIn(view.text.full).length > 0 ? 'prices only below the first screen' : 'no price in the text of the page');
});

const priceConsistent = perPage({
  id: 'price.consistent',
  title: 'Structured data and page name the same price',
  category: 'trust',
  threshold: 'the offer price of JSON-LD stands on the page',
  method: 'JSON-LD offers against amounts with a currency in the visible text',
  source: 'heuristic',
}, (evidence) => {
  if (evidence.businessType !== 'product') return unknown(NOT_A_PRODUCT);
  const offered = offersOf(evidence).flatMap((offer) => [offer.price, offer.lowPrice, offer.highPrice])
    .map((price) => (typeof price === 'number' ? price : typeof price === 'string' ? amountOf(price) : Number.NaN))
    .filter((price) => price > 0);
  if (offered.length === 0) return unknown('no offer price in JSON-LD');
  const shown = new Set(evidence.views.flatMap((view) => pricesIn(view.text.full)));
  if (shown.size === 0) return unknown('no price in the text of the page');
  const cited = evidence.views.flatMap((view) => view.elements.filter((element) => element.kind === 'price' && element.visible).slice(0, 1));
  const value = `JSON-LD says ${[...new Set(offered)].join(', ')}, the page shows ${[...shown].slice(0, 5).join(', ')}`;
  return offered.some((price) => shown.has(price)) ? pass(value, cited) : fail(value, cited);
});

const shipping = perDevice({
  id: 'shipping.near',
  title: 'Delivery is explained where people decide',
  category: 'trust',
  threshold: `mentioned within ${NEAR} characters of the main call to action`,
  method: 'words for delivery in the text around the main call to action, in reading order',
  source: 'Baymard: 64% of users look for shipping cost on the product page; 43% of sites do not show it',
}, (view, evidence) => {
  if (evidence.businessType !== 'product') return unknown(NOT_A_PRODUCT);
  const action = mainAction(view, evidence);
  if (action === undefined) return unknown('no call to action to look around');
  const label = labelOf(action);
  const around = textAround(view.text.full, label);
  const hit = around.map((text) => SHIPPING.exec(text)?.[0]).find((word) => word !== undefined);
  if (hit !== undefined) return pass(`"${hit}" near "${label}"`, [action]);
  const elsewhere = SHIPPING.test(view.text.full);
  if (around.length === 0) return unknown(`"${label}" was not found in the text of the page`, [action]);
  return absent(evidence, elsewhere ? `delivery is not named near "${label}", only elsewhere on the page` : 'delivery is named nowhere on the page', [action]);
});

const returns = perPage({
  id: 'returns.link',
  title: 'A link to the returns policy',
  category: 'trust',
  threshold: 'at least 1 visible link on a product page',
  method: 'wording and address of the visible links',
  source: 'Baymard: 20% of sites lack a direct footer link; 18% of users abandoned over an unsatisfactory policy',
}, (evidence) => {
  if (evidence.businessType !== 'product' && evidence.businessType !== 'shop') return unknown('not a page of a shop');
  const found = linksAbout(evidence, RETURNS);
  return found.length > 0 ? pass(`link "${labelOf(found[0]!)}"`, found) : absentLink(evidence, RETURNS, 'no link to a returns policy');
});

const reviews = perPage({
  id: 'reviews.present',
  title: 'Customer reviews are shown',
  category: 'trust',
  threshold: 'a rating or reviews on a product page',
  method: 'ratings and reviews in JSON-LD, in the text and in labels',
  source: 'heuristic',
}, (evidence) => {
  if (evidence.businessType !== 'product') return unknown(NOT_A_PRODUCT);
  const rated = nodesOfType(evidence, 'Product').some((node) => node.aggregateRating !== undefined || node.review !== undefined)
    || nodesOfType(evidence, 'AggregateRating').length > 0;
  const element = evidence.views.flatMap((view) => view.elements).find((item) => item.visible && REVIEWS.test(`${item.text} ${item.name}`));
  if (element !== undefined) return pass(`"${labelOf(element)}"`, [element]);
  const hit = evidence.views.map((view) => REVIEWS.exec(view.text.full)?.[0]).find((text) => text !== undefined);
  if (hit !== undefined) return pass(`"${hit}" in the text`);
  if (rated) return pass('a rating in JSON-LD');
  if (evidence.limits.some((limit) => /frame/i.test(limit))) return unknown('not found, but a frame that was not read may hold them');
  return absent(evidence, 'no rating and no review');
});

const contact = perPage({
  id: 'contact.present',
  title: 'A way to reach the company',
  category: 'trust',
  threshold: 'a telephone number, e-mail address, postal address or contact link',
  method: 'tel: and mailto: links, addresses in JSON-LD, wording and address of the visible links',
  source: 'heuristic',
}, (evidence) => {
  const direct = visibleLinks(evidence).filter((link) => /^(?:tel|mailto):/i.test(link.href ?? ''));
  const found = direct.length > 0 ? direct : linksAbout(evidence, CONTACT);
  if (found.length > 0) return pass(`link "${labelOf(found[0]!)}"`, found);
  const stated = evidence.views.flatMap((view) => view.structuredData.nodes)
    .some((node) => node.telephone !== undefined || node.address !== undefined || node.contactPoint !== undefined || node.email !== undefined);
  if (stated) return pass('contact details in JSON-LD');
  return absentLink(evidence, CONTACT, 'no telephone number, e-mail address or contact link');
});

const legal = perPage({
  id: 'legal.links',
  title: 'Privacy policy and terms are linked',
  category: 'trust',
  threshold: 'a privacy or terms link on a page with a form',
  method: 'wording and address of the visible links',
  source: 'heuristic',
}, (evidence) => {
  const privacy = linksAbout(evidence, PRIVACY);
  const terms = linksAbout(evidence, TERMS);
  const found = [...privacy, ...terms];
  if (found.length > 0) {
    const named = [privacy.length > 0 ? 'privacy' : '', terms.length > 0 ? 'terms' : ''].filter((name) => name !== '');
    return pass(`linked: ${named.join(' and ')}`, found);
  }
  const forms = evidence.views.flatMap((view) => view.forms).filter((form) => form.visible && form.purpose !== 'search');
  return forms.length === 0 ? unknown('no form on the page') : absentLink(evidence, PRIVACY, 'neither privacy nor terms linked');
});

const https = perPage({
  id: 'https',
  title: 'The connection is encrypted',
  category: 'trust',
  threshold: 'page and form targets over https, no request over http',
  method: 'address of the page and its forms, requests over plain http; loopback addresses count as secure, as in browsers',
  source: 'Lighthouse is-on-https',
}, (evidence) => {
  const targets = new Set(evidence.views.flatMap((view) => view.forms.map((form) => form.action)).filter((target) => !isSecure(target)));
  const mixed = new Set(evidence.views.flatMap((view) => view.network.mixedContent));
  const faults = [
    ...(isSecure(evidence.url) ? [] : ['the page came over plain http']),
    ...(targets.size === 0 ? [] : [`forms are sent over plain http: ${targets.size}`]),
    ...(mixed.size === 0 ? [] : [`requests over plain http: ${mixed.size}`]),
  ];
  if (faults.length > 0) return fail(faults.join('; '));
  return pass(evidence.url.startsWith('https:') ? 'everything over https' : 'a loopback address, which browsers treat as secure');
});

const schema = perPage({
  id: 'schema.product',
  title: 'Structured data is complete',
  category: 'trust',
  threshold: 'JSON-LD parses; each product offer has price and availability',
  method: 'JSON-LD blocks; microdata is not read',
  source: 'heuristic',
}, (evidence) => {
  const errors = new Set(evidence.views.flatMap((view) => view.structuredData.errors));
  if (errors.size > 0) return warn(`JSON-LD blocks that do not parse: ${errors.size}`);
  const types = [...new Set(evidence.views.flatMap((view) => view.structuredData.nodes).map((node) => String(node['@type'])))];
  const missing = new Set(offersOf(evidence).flatMap((offer) => [
    ...(offer.price === undefined && offer.lowPrice === undefined ? ['price'] : []),
    ...(offer.availability === undefined && offer['@type'] !== 'AggregateOffer' ? ['availability'] : []),
  ]));
  if (missing.size > 0) return warn(`the product offer lacks ${[...missing].join(' and ')}`);
  return types.length === 0 ? unknown('no JSON-LD on the page') : pass(`JSON-LD types: ${types.slice(0, 6).join(', ')}`);
});

/** A warning where the whole page could be read in a known language, else unknown. */
function absent(evidence: Evidence, value: string, cited: PageElement[] = []): Measured {
  const blind = blindSpot(evidence);
  return blind === null ? warn(value, cited) : unknown(blind, cited);
}

/** The same for a link. Where not every element is listed, a word in the text may well be the link that is not. */
function absentLink(evidence: Evidence, subject: RegExp, value: string): Measured {
  const unlisted = evidence.views.some((view) => view.elements.length >= ELEMENTS_LIMIT && subject.test(view.text.full));
  return unlisted ? unknown('not among the elements listed, but the text mentions it') : absent(evidence, value);
}

function visibleLinks(evidence: Evidence): PageElement[] {
  return evidence.views.flatMap((view) => view.elements).filter((element) => element.visible && element.href !== null);
}

/** Links that name the subject, or whose address does. */
function linksAbout(evidence: Evidence, subject: RegExp): PageElement[] {
  return visibleLinks(evidence).filter((link) => subject.test(`${link.text} ${link.name}`) || subject.test(pathOf(link.href ?? '')));
}

/** The path of an address with its separators as spaces, so that whole words are found in it. */
function pathOf(href: string): string {
  return URL.canParse(href) ? new URL(href).pathname.replace(/[-_/.]+/g, ' ') : '';
}

/** The text around each place where the label stands; none where it does not. */
function textAround(text: string, label: string): string[] {
  if (label === '') return [];
  const around: string[] = [];
  for (let at = text.indexOf(label); at >= 0; at = text.indexOf(label, at + label.length)) {
    around.push(text.slice(Math.max(0, at - NEAR), at + label.length + NEAR));
  }
  return around;
}

/** https, or a host that never leaves the machine. */
function isSecure(address: string): boolean {
  if (!URL.canParse(address)) return true;
  const { protocol, hostname } = new URL(address);
  if (protocol !== 'http:') return true;
  return hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '[::1]' || /^127(?:\.\d+){3}$/.test(hostname);
}

export const trust: Rule[] = [priceVisible, priceConsistent, shipping, returns, reviews, contact, legal, https, schema];

/** Trust: what tells a visitor that it is safe to buy here. */
import type { Evidence, PageElement, View } from '../evidence.ts';
import { ADDRESS, CONTACT, PRIVACY, RETURNS, REVIEWS, SHIPPING, TERMS } from '../words.ts';
import { absent, absentLink } from './absence.ts';
import { labelOf, mainAction } from './action.ts';
import { NOT_A_PRODUCT } from './prices.ts';
import { fail, pass, perDevice, perPage, unknown, warn, type Rule } from './rule.ts';
import { nodesOfType, offersOf, typesIn } from './structured-data.ts';

/** How far from the main call to action a fact still belongs to the purchase, in characters of text in reading order. */
const NEAR = 600;
/** The same in pixels of the page, for a button whose label stands in no text. */
const NEAR_PIXELS = 400;

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
  const near = around.length > 0 ? around : textBeside(view, action);
  const hit = near.map((text) => SHIPPING.exec(text)?.[0]).find((word) => word !== undefined);
  if (hit !== undefined) return pass(`"${hit}" near "${label}"`, [action]);
  const elsewhere = SHIPPING.test(view.text.full);
  if (elsewhere && around.length === 0) return unknown(`"${label}" was not found in the text of the page`, [action]);
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
  return absent(evidence, 'no rating and no review');
});

const contact = perPage({
  id: 'contact.present',
  title: 'A way to reach the company',
  category: 'trust',
  threshold: 'a phone number, e-mail address, postal address, contact link or form',
  method: 'tel: and mailto: links, numbers and addresses in the text and in JSON-LD, wording and address of the visible links, forms that reach someone',
  source: 'heuristic',
}, (evidence) => {
  const direct = visibleLinks(evidence).filter((link) => /^(?:tel|mailto):/i.test(link.href ?? ''));
  const found = direct.length > 0 ? direct : linksAbout(evidence, CONTACT);
  if (found.length > 0) return pass(`link "${labelOf(found[0]!)}"`, found);
  const stated = evidence.views.flatMap((view) => view.structuredData.nodes)
    .some((node) => node.telephone !== undefined || node.address !== undefined || node.contactPoint !== undefined || node.email !== undefined);
  if (stated) return pass('contact details in JSON-LD');
  const written = evidence.views.map((view) => ADDRESS.exec(view.text.full)?.[0]).find((text) => text !== undefined);
  if (written !== undefined) return pass(`"${written}" in the text`);
  const asks = evidence.views.flatMap((view) => view.forms)
    .some((form) => form.visible && form.purpose === 'lead' && !form.fields.some((field) => field.asks === 'password'));
  return asks ? pass('a form to write to the company') : absentLink(evidence, CONTACT, 'no phone number, e-mail address or contact link');
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
  const types = typesIn(evidence);
  const missing = new Set(offersOf(evidence).flatMap((offer) => [
    ...(offer.price === undefined && offer.lowPrice === undefined ? ['price'] : []),
    ...(offer.availability === undefined && offer['@type'] !== 'AggregateOffer' ? ['availability'] : []),
  ]));
  if (missing.size > 0) return warn(`the product offer lacks ${[...missing].join(' and ')}`);
  return types.length === 0 ? unknown('no JSON-LD on the page') : pass(`JSON-LD types: ${types.slice(0, 6).join(', ')}`);
});

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

/** The text around each place where the label stands, in whatever case a style sheet sets it; none where it does not. */
function textAround(text: string, label: string): string[] {
  if (label === '') return [];
  const [folded, wanted] = [text.toLowerCase(), label.toLowerCase()];
  const around: string[] = [];
  for (let at = folded.indexOf(wanted); at >= 0; at = folded.indexOf(wanted, at + wanted.length)) {
    around.push(text.slice(Math.max(0, at - NEAR), at + wanted.length + NEAR));
  }
  return around;
}

/** Texts of the listed elements that stand near another. */
function textBeside(view: View, { box }: PageElement): string[] {
  return view.elements.filter((element) => element.visible && Math.abs(element.box.y - box.y) <= NEAR_PIXELS).map((element) => `${element.text} ${element.name}`);
}

/** https, or a host that never leaves the machine. */
function isSecure(address: string): boolean {
  if (!URL.canParse(address)) return true;
  const { protocol, hostname } = new URL(address);
  if (protocol !== 'http:') return true;
  return hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '[::1]' || /^127(?:\.\d+){3}$/.test(hostname);
}

export const trust: Rule[] = [shipping, returns, reviews, contact, legal, https, schema];

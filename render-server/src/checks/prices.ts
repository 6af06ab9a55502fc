/** The price of a product: where it stands, and whether structured data names the same. */
import type { Evidence, PageElement, View } from '../evidence.ts';
import { digitsStandIn, isKnownCurrency, pricesIn, statedPrice } from '../prices.ts';
import { absent } from './absence.ts';
import { labelOf } from './action.ts';
import { fail, pass, perDevice, perPage, unknown, warn, type Rule } from './rule.ts';
import { offersOf } from './structured-data.ts';

export const NOT_A_PRODUCT = 'not a product page';

const visible = perDevice({
  id: 'price.visible',
  title: 'The price is in the first screen',
  category: 'trust',
  threshold: 'a price in the first screen of a product page',
  method: 'amounts with a currency in the visible text of the first screen',
  source: 'heuristic',
}, (view, evidence) => {
  if (evidence.businessType !== 'product') return unknown(NOT_A_PRODUCT);
  const shown = pricesOn(view);
  const first = shown.find((element) => element.inFirstScreen);
  if (first !== undefined) return pass(`"${labelOf(first)}" in the first screen`, [first]);
  if (pricesIn(view.text.firstScreen).length > 0) return pass('an amount with a currency in the first screen');
  const currency = offersOf(evidence).map((offer) => offer.priceCurrency).find((code) => !isKnownCurrency(code));
  if (currency !== undefined) return unknown(`prices in ${String(currency)} are not recognised`);
  const stated = offeredPrices(evidence).find((price) => digitsStandIn(view.text.firstScreen, price));
  if (stated !== undefined) return unknown(`${stated} stands in the first screen, but with no currency that is known`);
  const [later] = shown;
  if (later !== undefined) return warn(`the first price, "${labelOf(later)}", is ${Math.round(later.box.y)} px down the page`, [later]);
  return pricesIn(view.text.full).length > 0 ? warn('prices only below the first screen') : absent(evidence, 'no price in the text of the page');
});

const consistent = perPage({
  id: 'price.consistent',
  title: 'Structured data and page name the same price',
  category: 'trust',
  threshold: 'the offer price of JSON-LD stands on the page',
  method: 'JSON-LD offers against amounts with a currency in the visible text; judged where the page shows one price, or a largest one',
  source: 'heuristic',
}, (evidence) => {
  if (evidence.businessType !== 'product') return unknown(NOT_A_PRODUCT);
  const offered = offeredPrices(evidence);
  if (offered.length === 0) return unknown('no offer price in JSON-LD');
  const texts = evidence.views.map((view) => view.text.full);
  const shown = new Set(texts.flatMap(pricesIn));
  if (shown.size === 0) return unknown('no price in the text of the page');
  const cited = evidence.views.flatMap((view) => largest(pricesOn(view)) ?? []);
  const value = `JSON-LD says ${[...new Set(offered)].join(', ')}, the page shows ${[...shown].slice(0, 5).join(', ')}`;
  if (offered.some((price) => shown.has(price))) return pass(value, cited);
  if (offered.some((price) => texts.some((text) => digitsStandIn(text, price)))) return unknown(`${value}; the same digits stand there in another form`, cited);
  // Of several prices one belongs to the offer: the largest, where it stands out and is a single amount.
  const isSure = shown.size === 1 || (cited.length > 0 && cited.every((element) => pricesIn(labelOf(element)).length === 1));
  return isSure ? fail(value, cited) : unknown(`${value}; which of them is the offer cannot be told`, cited);
});

function pricesOn(view: View): PageElement[] {
  return view.elements.filter((element) => element.kind === 'price' && element.visible);
}

/** The one in the largest type, if it is the only one so large. */
function largest(prices: PageElement[]): PageElement | undefined {
  const [first, second] = prices.filter((element) => element.landmark === 'main').toSorted((a, b) => b.style.fontSize - a.style.fontSize);
  return first !== undefined && first.style.fontSize === second?.style.fontSize ? undefined : first;
}

function offeredPrices(evidence: Evidence): number[] {
  return offersOf(evidence).flatMap((offer) => [offer.price, offer.lowPrice, offer.highPrice]).map(statedPrice).filter((price) => price > 0);
}

export const prices: Rule[] = [visible, consistent];

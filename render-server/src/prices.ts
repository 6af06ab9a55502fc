/** Amounts of money in text. */

const CURRENCY = String.raw`[$€£¥₹円]|(?<!\p{L})(?:USD|EUR|GBP|CHF|JPY|CAD|AUD|kr|zł)(?!\p{L})`;
const AMOUNT = String.raw`\d{1,3}(?:[.,'’\u00a0\u202f ]\d{3}){1,4}(?:[.,]\d{1,2})?(?!\d)|\d{1,12}(?:[.,]\d{1,2})?`;
const TOKENS = new RegExp(`(?<currency>${CURRENCY})|(?<![\\d.,])(?:${AMOUNT})`, 'gu');

/** Currencies (ISO 4217) whose signs are known: a price in another is not recognised. */
const KNOWN_CURRENCIES = ['USD', 'CAD', 'AUD', 'NZD', 'SGD', 'HKD', 'MXN', 'EUR', 'GBP', 'JPY', 'CNY', 'INR', 'CHF', 'SEK', 'NOK', 'DKK', 'ISK', 'PLN'];

/** A currency next to a digit. Told by `.source` to what runs in the page, with the flag u. */
export const PRICE = new RegExp(String.raw`(?:${CURRENCY})\s?\d|\d(?:,-)?\s?(?:${CURRENCY})`, 'u');

/** Whether prices in this currency are recognised; what is not a code is taken for one that is. */
export function isKnownCurrency(code: unknown): boolean {
  return typeof code !== 'string' || !/^[A-Z]{3}$/.test(code) || KNOWN_CURRENCIES.includes(code);
}

/**
 * Amounts written with a currency in a text: 1299 for "1.299,00 €" and for "$1,299.00".
 * Between two numbers a currency belongs to the one it touches ("Air Max 90 $120"), else to the one with cents,
 * else to the one before it.
 */
export function pricesIn(text: string): number[] {
  const tokens = [...text.matchAll(TOKENS)].map((match) => ({ text: match[0], start: match.index, end: match.index + match[0].length, isCurrency: match.groups?.currency !== undefined }));
  const gap = (from: number, to: number): string => text.slice(tokens[from]?.end, tokens[to]?.start);
  const amountAt = (index: number): string | null => (tokens[index]?.isCurrency === false ? tokens[index].text : null);
  const prices: number[] = [];
  let taken = -1;
  for (const [index, { isCurrency }] of tokens.entries()) {
    if (!isCurrency) continue;
    const before = taken !== index - 1 && /^(?:,-)?\s?$/.test(gap(index - 1, index)) ? amountAt(index - 1) : null;
    const after = /^\s?$/.test(gap(index, index + 1)) ? amountAt(index + 1) : null;
    const [touchesBefore, touchesAfter] = [gap(index - 1, index) === '', gap(index, index + 1) === ''];
    const isAfter = after !== null && (before === null || (touchesBefore === touchesAfter ? hasCents(after) && !hasCents(before) : touchesAfter));
    const amount = isAfter ? after : before;
    if (amount === null) continue;
    taken = isAfter ? index + 1 : index - 1;
    prices.push(amountOf(amount));
  }
  return prices;
}

function hasCents(amount: string): boolean {
  return /[.,]\d{1,2}$/.test(amount);
}

/** The number that an amount stands for: its last separator is decimal when one or two digits follow it. NaN for anything else. */
function amountOf(amount: string): number {
  const [, whole = '', cents = '0'] = /^(.*?)(?:[.,](\d{1,2}))?$/.exec(amount.trim()) ?? [];
  const digits = whole.replace(/[.,'’\s]/g, '');
  return digits === '' ? Number.NaN : Number(`${digits}.${cents}`);
}

/** The price that structured data gives, as a number or in words: 129.99 for "129.9900" and for "129,99". NaN for anything else. */
export function statedPrice(price: unknown): number {
  if (typeof price === 'number') return price;
  if (typeof price !== 'string') return Number.NaN;
  const plain = Number(price.trim() || Number.NaN);
  return Number.isNaN(plain) ? amountOf(price) : plain;
}

/** Whether the digits of an amount stand in a text, however they are set: 129.99 in "$12999" (raised cents), 1299 in "1 299 Kč". */
export function digitsStandIn(text: string, amount: number): boolean {
  const [whole = '', cents = ''] = amount.toFixed(2).split('.');
  const digits = `${[...whole].join(String.raw`[.,'’\s]?`)}${cents === '00' ? String.raw`(?:[.,\s]?00)?` : String.raw`[.,\s]?${cents}`}`;
  return new RegExp(String.raw`(?<!\d[.,]?)${digits}(?![.,]?\d)`, 'u').test(text.normalize('NFKC'));
}

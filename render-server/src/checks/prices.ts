const CURRENCY = String.raw`(?:[$€£¥₹円]|US\$|USD|EUR|GBP|CHF|JPY|CAD|AUD|kr|zł)`;
const AMOUNT = String.raw`\d{1,3}(?:[.,'’\u00a0\u202f ]\d{3})+(?:[.,]\d{1,2})?|\d+(?:[.,]\d{1,2})?`;
const PRICE = new RegExp(String.raw`${CURRENCY}\s?(${AMOUNT})(?!\d)|(?<![\d.,])(${AMOUNT})(?:,-)?\s?${CURRENCY}(?!\p{L})`, 'gu');

/** Amounts written with a currency in a text: 1299 for "1.299,00 €" and for "$1,299.00". */
export function pricesIn(text: string): number[] {
  return [...text.matchAll(PRICE)].map((match) => amountOf(match[1] ?? match[2] ?? ''));
}

/** The number that an amount stands for: its last separator is decimal when one or two digits follow it. NaN for anything else. */
export function amountOf(amount: string): number {
  const [, whole = '', cents = '0'] = /^(.*?)(?:[.,](\d{1,2}))?$/.exec(amount.trim()) ?? [];
  const digits = whole.replace(/[.,'’\s]/g, '');
  return digits === '' ? Number.NaN : Number(`${digits}.${cents}`);
}

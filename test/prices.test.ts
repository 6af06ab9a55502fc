import { expect, test } from 'vitest';
import { digitsStandIn, isKnownCurrency, pricesIn, statedPrice } from '../render-server/src/prices.ts';

test.each([
  ['Air Max 90 $120.00', [120]], ['4.5 out of 5 $129.99', [129.99]], ['Mug 1 $19.00', [19]], ['Mug 1 € 19,00', [19]], ['90 USD 120.00', [120]],
  ['$5 $10', [5, 10]], ['89,90 € 119,90 €', [89.9, 119.9]], ['89,90 € 30 Tage Rückgabe', [89.9]], ['129 kr', [129]], ['49,- €', [49]],
  ['nur 1.299,00 €', [1299]], ['only $1,299.00', [1299]], ['9,800円（税込）', [9800]], ['価格 ¥12,800', [12800]], ['CA$12.50', [12.5]],
  ['Bjørkr 5', []], ['4.5 out of 5', []],
])('"%s" names the prices %j', (text, prices) => {
  expect(pricesIn(text)).toEqual(prices);
});

test('a price of structured data is a number, whatever its zeros and separators', () => {
  expect(['129.9900', '129,99', '1.299,00', 129.99].map(statedPrice)).toEqual([129.99, 129.99, 1299, 129.99]);
  expect(['', 'on request', null, {}].map(statedPrice)).toEqual(Array(4).fill(NaN));
});

test('digits stand in a text whatever is set between them, and not within longer numbers', () => {
  expect([digitsStandIn('$12999', 129.99), digitsStandIn('$129⁹⁹', 129.99), digitsStandIn('1 299 Kč', 1299), digitsStandIn('$129.00', 129)]).toEqual([true, true, true, true]);
  expect([digitsStandIn('$129.99', 129), digitsStandIn('$2,129', 129), digitsStandIn('$1290', 129)]).toEqual([false, false, false]);
});

test('a currency that no sign stands for is not known', () => {
  expect(['USD', 'EUR', undefined, 'CZK'].map(isKnownCurrency)).toEqual([true, true, true, false]);
});

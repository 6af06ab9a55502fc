import { expect, test } from 'vitest';
import { businessTypeOf } from '../../render-server/src/capture/business.ts';
import { elementOf } from '../support/evidence.ts';
import { bareView, buttonOf, textOf } from '../support/page-parts.ts';

const product = (name: string) => ({ '@type': 'Product', name });
const typeOf = (nodes: Record<string, unknown>[], full = '', elements = [elementOf({ kind: 'price', text: '$49.00' })], headings: string[] = []) => businessTypeOf(bareView({
  structuredData: { nodes, errors: [] },
  text: textOf(full),
  elements,
  headings: headings.map((text) => ({ level: 1, text, visible: true, fontSize: 32, box: { x: 0, y: 0, width: 1, height: 1 }, element: null })),
}));

test('a product that is priced, or that can be put into a basket, makes a product page', () => {
  expect(typeOf([product('Mug')])).toBe('product');
  expect(typeOf([product('Mug')], '', [buttonOf()])).toBe('product');
  expect(typeOf([product('Mug')], '', [])).toBe('unknown');
});

test('several products make a shop, unless the headline names one of them', () => {
  expect(typeOf([product('Mug'), product('Cup')])).toBe('shop');
  expect(typeOf([product('Mug'), product('Mug')])).toBe('product');
  expect(typeOf([product('Blue Mug'), product('Cup')], '', undefined, ['Blue Mug, 0.3 l'])).toBe('product');
});

test('an article is content, whatever it names of plans, prices and products', () => {
  const article = { '@type': 'BlogPosting' };
  expect(typeOf([article], 'pricing, free trial, plans, per month')).toBe('content');
  expect(typeOf([article, product('Knife')])).toBe('content');
});

test('a word in two forms is one sign of a plan', () => {
  expect(typeOf([], 'a plan, plans and a free trial')).toBe('unknown');
  expect(typeOf([], 'plans, a free trial and no credit card')).toBe('saas');
});

test('types of odd shapes are passed over', () => {
  expect(typeOf([{ '@type': { toString: null } }, { '@type': [null, 'Product'] }])).toBe('product');
});

import { describe, expect, test } from 'vitest';
import type { Evidence, Unseen } from '../../render-server/src/evidence.ts';
import { elementOf } from '../support/evidence.ts';
import { measure } from '../support/measure.ts';
import { bareView, buttonOf, fieldOf, formOf, linkOf, pageWith, textOf } from '../support/page-parts.ts';

const withText = (full: string, page: Partial<Evidence> = {}) => pageWith({ text: textOf(full), elements: [buttonOf()] }, page);
const withLinks = (links: [text: string, href?: string][], page: Partial<Evidence> = {}) =>
  pageWith({ elements: links.map(([text, href]) => linkOf(text, href)) }, page);
const nothing: Unseen = { unrest: false, transparent: 0, frames: [] };
const withJsonLd = (node: Record<string, unknown>, full = '') => pageWith({ text: textOf(full), structuredData: { nodes: [node], errors: [] } });

describe('price.visible', () => {
  test('passes for a price in the first screen and cites it', () => {
    const price = elementOf({ id: 'd4', kind: 'price', text: '$49.00' });
    expect(measure('price.visible', pageWith({ elements: [price] }))).toMatchObject({ status: 'pass', elements: ['d4'] });
  });
  test('warns when the price is further down, and says how far', () => {
    const price = elementOf({ kind: 'price', text: '$49.00', inFirstScreen: false, box: { x: 0, y: 1800, width: 80, height: 20 } });
    expect(measure('price.visible', pageWith({ elements: [price] }))).toMatchObject({ status: 'warn', value: 'the first price, "$49.00", is 1800 px down the page' });
  });
  test('is unknown where the price may be one that is not recognised', () => {
    const offer = (price: string, priceCurrency: string) => ({ nodes: [{ '@type': 'Product', offers: { price, priceCurrency } }], errors: [] });
    expect(measure('price.visible', pageWith({ text: textOf('Konvice 1 299 Kč'), structuredData: offer('1299', 'CZK') })).status).toBe('unknown');
    expect(measure('price.visible', pageWith({ text: textOf('Kettle 49.00'), structuredData: offer('49', 'USD') })).status).toBe('unknown');
    expect(measure('price.visible', pageWith({}, { language: 'fi' })).status).toBe('unknown');
    expect(measure('price.visible', pageWith({})).status).toBe('warn');
  });
  test('is unknown where nothing is sold', () => {
    expect(measure('price.visible', pageWith({}, { businessType: 'lead' }))).toMatchObject({ status: 'unknown', value: 'not a product page' });
  });
});

describe('price.consistent', () => {
  const product = (price: unknown) => ({ '@type': 'Product', offers: { '@type': 'Offer', price } });
  test('passes when the offer price stands on the page, however it is written', () => {
    expect(measure('price.consistent', withJsonLd(product('1299.00'), 'nur 1.299,00 €')).status).toBe('pass');
    expect(measure('price.consistent', withJsonLd(product(1299), 'only $1,299.00 today')).status).toBe('pass');
    expect(measure('price.consistent', withJsonLd(product('12800'), '価格 ¥12,800')).status).toBe('pass');
  });
  test('fails when it does not', () => {
    expect(measure('price.consistent', withJsonLd(product('59.00'), 'now $49.00'))).toMatchObject({ status: 'fail', value: 'JSON-LD says 59, the page shows 49' });
  });
  test('passes beside a number that is no price, and for zeros after the cents', () => {
    expect(measure('price.consistent', withJsonLd(product('120.00'), 'Air Max 90 $120.00')).status).toBe('pass');
    expect(measure('price.consistent', withJsonLd(product('129.9900'), '4.5 out of 5 $129.99')).status).toBe('pass');
  });
  test('is unknown where the same digits stand in another form', () => {
    expect(measure('price.consistent', withJsonLd(product('129.99'), 'only $12999')).status).toBe('unknown');
  });
  test('of several prices judges the largest alone, and only if one is', () => {
    const priced = (fontSize: number) => pageWith({
      text: textOf('$49.00 or $35.00'),
      elements: [49, 35].map((amount) => elementOf({ id: `d${amount}`, kind: 'price', text: `$${amount}.00`, style: { color: '', background: null, fontSize: amount === 49 ? fontSize : 16, fontWeight: 400 } })),
      structuredData: { nodes: [product('59.00')], errors: [] },
    });
    expect(measure('price.consistent', priced(28))).toMatchObject({ status: 'fail', elements: ['d49'] });
    expect(measure('price.consistent', priced(16)).status).toBe('unknown');
  });
  test('takes any of several offers, and a range', () => {
    expect(measure('price.consistent', withJsonLd({ '@type': 'Product', offers: [{ price: 10 }, { price: 49 }] }, '$49')).status).toBe('pass');
    expect(measure('price.consistent', withJsonLd({ '@type': 'Product', offers: { '@type': 'AggregateOffer', lowPrice: 49 } }, 'from $49')).status).toBe('pass');
  });
  test('is unknown without an offer or without a visible price', () => {
    expect(measure('price.consistent', withJsonLd({ '@type': 'Product' }, '$49')).status).toBe('unknown');
    expect(measure('price.consistent', withJsonLd(product(49), 'no amount')).status).toBe('unknown');
  });
});

describe('shipping.near', () => {
  test('passes when delivery is named beside the button, in each language', () => {
    for (const text of ['Free shipping over $50', 'Versandkostenfrei', 'Livraison gratuite', 'Envío gratis', '送料無料']) {
      expect(measure('shipping.near', withText(`Add to basket ${text}`)).status, text).toBe('pass');
    }
  });
  test('finds the button in the case that the page sets it in, and one whose label is in no text by its place', () => {
    const shouting = { text: textOf('Add to basket Free shipping'), elements: [buttonOf({ text: 'ADD TO BASKET' })] };
    expect(measure('shipping.near', pageWith(shouting)).status).toBe('pass');
    const near = (y: number) => pageWith({ text: textOf('Free shipping'), elements: [buttonOf({ tag: 'input' }), elementOf({ text: 'Free shipping', box: { x: 0, y, width: 90, height: 20 } })] });
    expect(measure('shipping.near', near(200)).status).toBe('pass');
    expect(measure('shipping.near', near(2_000)).status).toBe('unknown');
    expect(measure('shipping.near', pageWith({ text: textOf('Nothing'), elements: [buttonOf({ tag: 'input' })] })).status).toBe('warn');
  });
  test('warns when it is named only far from the button', () => {
    expect(measure('shipping.near', withText(`Add to basket ${'words '.repeat(110)} Shipping`)))
      .toMatchObject({ status: 'warn', value: 'delivery is not named near "Add to basket", only elsewhere on the page' });
  });
  test('is unknown in a language whose words are not known, and on a cut page', () => {
    expect(measure('shipping.near', withText('Add to basket', { language: 'fi' })).status).toBe('unknown');
    expect(measure('shipping.near', withText('Add to basket', { language: null })).status).toBe('unknown');
    expect(measure('shipping.near', withText(`Add to basket ${'x'.repeat(20_000)}`)).status).toBe('unknown');
  });
  test('is unknown where nothing is sold', () => {
    expect(measure('shipping.near', withText('Add to basket', { businessType: 'content' })).status).toBe('unknown');
  });
});

describe('returns.link', () => {
  test('passes by wording and by address', () => {
    expect(measure('returns.link', withLinks([['30-day returns']])).status).toBe('pass');
    expect(measure('returns.link', withLinks([['Hilfe', 'https://shop.example/hilfe/rueckgabe-retouren']])).status).toBe('pass');
  });
  test('warns without one', () => {
    expect(measure('returns.link', withLinks([['About us']])).status).toBe('warn');
  });
  test('is unknown in a language whose words are not known', () => {
    expect(measure('returns.link', withLinks([['Tietoa meistä']], { language: 'fi' })).status).toBe('unknown');
  });
});

test('a link that may be among the unlisted elements of a long page is not called absent', () => {
  const elements = Array.from({ length: 150 }, (_, index) => linkOf(`Item ${index}`));
  expect(measure('returns.link', pageWith({ elements, text: textOf('Items Returns') })).status).toBe('unknown');
  expect(measure('returns.link', pageWith({ elements, text: textOf('Items') })).status).toBe('warn');
});

describe('reviews.present', () => {
  test('passes for counts, ratings and stars in each language', () => {
    for (const text of ['128 reviews', '4.7 out of 5', '36 Bewertungen', '12 avis clients', '9 opiniones', 'レビュー', '★★★★★', '4.8 ★ (214)', 'Reviews (214)']) {
      expect(measure('reviews.present', withText(text)).status, text).toBe('pass');
    }
  });
  test('passes for a rating in JSON-LD', () => {
    expect(measure('reviews.present', withJsonLd({ '@type': 'Product', aggregateRating: {} })).status).toBe('pass');
  });
  test('warns without either', () => {
    expect(measure('reviews.present', withText('Made of steel')).status).toBe('warn');
  });
  test('is unknown when a frame may hold them', () => {
    expect(measure('reviews.present', pageWith({ text: textOf('Made of steel'), unseen: { ...nothing, frames: ['reviews.example'] } })))
      .toMatchObject({ status: 'unknown', value: expect.stringContaining('reviews.example') });
  });
});

describe('contact.present', () => {
  test('passes for a phone link, a contact link and an address in JSON-LD', () => {
    expect(measure('contact.present', withLinks([['Ring us', 'tel:+4912345']])).status).toBe('pass');
    expect(measure('contact.present', withLinks([['Contact']])).status).toBe('pass');
    expect(measure('contact.present', withJsonLd({ '@type': 'Organization', telephone: '+4912345' })).status).toBe('pass');
  });
  test('passes for an address or number in the text, a link to support and a form to write with', () => {
    for (const text of ['write to hello@shop.example', 'Tel. 040 123 45 67', 'Call us: 555 0100 22', '+49 40 1234567', '電話：03-1234-5678']) {
      expect(measure('contact.present', withText(text)).status, text).toBe('pass');
    }
    for (const link of ['Support', 'Hilfe']) expect(measure('contact.present', withLinks([[link]])).status, link).toBe('pass');
    expect(measure('contact.present', pageWith({ forms: [formOf([fieldOf({ asks: 'email' })])] })).status).toBe('pass');
  });
  test('warns without any, and a form to sign up with is none', () => {
    expect(measure('contact.present', withLinks([['About us']])).status).toBe('warn');
    expect(measure('contact.present', pageWith({ text: textOf('Order 12345678901'), forms: [formOf([fieldOf({ asks: 'password' })])] })).status).toBe('warn');
  });
  test('is unknown in a language whose words are not known', () => {
    expect(measure('contact.present', withLinks([['Ota yhteyttä']], { language: 'fi' })).status).toBe('unknown');
  });
});

describe('legal.links', () => {
  const form = formOf([fieldOf()], 'newsletter');
  test('passes and names what is linked', () => {
    expect(measure('legal.links', withLinks([['Datenschutz'], ['AGB']]))).toMatchObject({ status: 'pass', value: 'linked: privacy and terms' });
  });
  test('warns for a form without either', () => {
    expect(measure('legal.links', pageWith({ forms: [form] })).status).toBe('warn');
  });
  test('is unknown without a form, and a search box is none', () => {
    expect(measure('legal.links', pageWith({})).status).toBe('unknown');
    expect(measure('legal.links', pageWith({ forms: [formOf([fieldOf()], 'search')] })).status).toBe('unknown');
  });
});

describe('https', () => {
  test('passes over https and on a loopback address', () => {
    for (const url of ['https://shop.example/', 'http://127.0.0.1:8080/', 'http://localhost/', 'http://[::1]/']) {
      expect(measure('https', pageWith({}, { url })).status, url).toBe('pass');
    }
  });
  test('fails for plain http, for such a form target and for mixed content', () => {
    expect(measure('https', pageWith({}, { url: 'http://shop.example/' })).status).toBe('fail');
    expect(measure('https', pageWith({ forms: [{ ...formOf([]), action: 'http://shop.example/send' }] })).status).toBe('fail');
    expect(measure('https', pageWith({ network: { requests: 2, bytes: 1, failed: [], mixedContent: ['http://cdn.example/a.js'] } })).status).toBe('fail');
  });
  test('is not misled by a host that only looks like loopback', () => {
    expect(measure('https', pageWith({}, { url: 'http://127.0.0.1.evil.example/' })).status).toBe('fail');
  });
});

describe('schema.product', () => {
  test('passes for an offer with price and availability', () => {
    expect(measure('schema.product', withJsonLd({ '@type': 'Product', offers: { price: 1, availability: 'InStock' } })).status).toBe('pass');
  });
  test('reads the price of a price specification', () => {
    expect(measure('schema.product', withJsonLd({ '@type': 'Product', offers: { availability: 'InStock', priceSpecification: [{ price: 1 }] } })).status).toBe('pass');
  });
  test('warns for an offer without availability and for a block that does not parse', () => {
    expect(measure('schema.product', withJsonLd({ '@type': 'Product', offers: { price: 1 } }))).toMatchObject({ status: 'warn', value: 'the product offer lacks availability' });
    expect(measure('schema.product', pageWith({ structuredData: { nodes: [], errors: ['Unexpected token'] } })).status).toBe('warn');
  });
  test('is unknown without structured data', () => {
    expect(measure('schema.product', pageWith({})).status).toBe('unknown');
  });
});

test('nothing is called absent where part of the page was not seen', () => {
  const absences = ['cta.present', 'headline.present', 'price.visible', 'reviews.present', 'returns.link', 'contact.present'];
  const statusesWith = (unseen: Partial<Unseen>) => absences.map((id) => measure(id, pageWith({ unseen: { ...nothing, ...unseen } })).status);
  expect(new Set(statusesWith({}))).toEqual(new Set(['fail', 'warn']));
  for (const unseen of [{ unrest: true }, { transparent: 200 }, { frames: ['widget.example'] }]) expect(new Set(statusesWith(unseen))).toEqual(new Set(['unknown']));
});

test('structured data of odd shapes is read as far as it goes', () => {
  const hostile = withJsonLd({ '@type': { toString: null } });
  expect(measure('schema.product', hostile).status).toBe('unknown');
  expect(measure('schema.product', withJsonLd({ '@type': [{ toString: null }, 'Thing'] }))).toMatchObject({ status: 'pass', value: 'JSON-LD types: Thing' });
});

test('an absence on one device is not claimed when the other has it', () => {
  const views = [bareView({ elements: [linkOf('Returns')] }), bareView({}, 'mobile')];
  expect(measure('returns.link', pageWith({}, { views })).status).toBe('pass');
});

import { expect, test } from 'vitest';
import { errorOf, named, page, useCapturing } from '../support/capturing.ts';

const { capture, captureUrl, serve, view } = useCapturing();

test('a page that rewrites what scripts rely on is measured like any other', async () => {
  const body = '<h1>Hello</h1><form action="/x"><label>Mail <input name="email" type="email"></label><button>Buy now</button></form>';
  const spoilt = `<script>
    Array.prototype.map = Array.prototype.filter = Array.prototype.push = () => { throw new Error('spoilt'); };
    JSON.stringify = () => 'x'.repeat(1e8); Object.entries = () => [];
    document.querySelectorAll = Element.prototype.querySelectorAll = Element.prototype.matches = () => null;
    Element.prototype.getBoundingClientRect = () => ({ x: 0, y: 0, width: 0, height: 0 });
    window.getComputedStyle = () => ({}); window.Promise = null; window.Map = class {};
  </script>`;
  const site = await serve({ '/plain': page(body), '/spoilt': page(body + spoilt) });
  const [plain] = (await captureUrl(`${site.origin}/plain`)).views;
  const [spoiltView] = (await captureUrl(`${site.origin}/spoilt`)).views;
  expect(spoiltView?.elements).toEqual(plain?.elements);
  expect(spoiltView?.forms).toEqual(plain?.forms);
  expect(spoiltView?.axeRan).toEqual(plain?.axeRan);
  expect(plain?.elements.length).toBeGreaterThan(2);
});

test('fields named after members of their form do not hide it', async () => {
  const fields = ['id', 'action', 'children', 'elements', 'parentNode', 'matches', 'attributes', 'method'].map((name) => `<input name="${name}">`).join('');
  const { forms, axeRan } = await view(page(`<h1>Hello</h1><form action="/send">${fields}<button>Send</button></form>`));
  expect(forms).toHaveLength(1);
  expect(forms[0]?.action).toMatch(/\/send$/);
  expect(forms[0]?.fields).toHaveLength(8);
  expect(axeRan).toContain('label');
});

test('pictures named after members of the document do not hide it', async () => {
  const seen = await view(page('<h1>Hello</h1><img name="querySelectorAll"><img name="elementFromPoint"><img name="body"><img name="documentElement"><button>Buy now</button>'));
  expect(named(seen, 'Buy now').covered).toBe(0);
});

test('a page that takes its own document away is at fault, not the server', async () => {
  expect(await errorOf(capture(page('<h1>Hello</h1><script>addEventListener("load", () => document.documentElement.remove())</script>')))).toMatchObject({ code: 'page_error' });
});

test('text without end is cut', async () => {
  const evidence = await capture(page(`<h1>${'long '.repeat(50_000)}</h1><a href="/${'x'.repeat(50_000)}">${'y'.repeat(50_000)}</a>
    <script>for (let i = 0; i < 500; i++) console.error('e'.repeat(10000)); throw new Error('t'.repeat(10000))</script>`));
  const [seen] = evidence.views;
  expect(JSON.stringify({ ...evidence, views: [{ ...seen, tiles: [] }] }).length).toBeLessThan(100_000);
  expect(seen?.text.full.length).toBe(20_000);
  expect(seen?.console.errors).toHaveLength(20);
  expect(seen?.console.pageErrors[0]?.length).toBeLessThanOrEqual(300);
});

test('a page of very many elements is listed by its weightiest, and says that more were left out', async () => {
  const cards = Array.from({ length: 1_200 }, (_, index) => `<article><h3>Card ${index}</h3><p>$${index}.00</p><a href="/c/${index}">Add to cart</a></article>`).join('');
  const evidence = await capture(page(`<h1>All of it</h1>${cards}`));
  const [seen] = evidence.views;
  expect(seen?.elements).toHaveLength(150);
  expect(seen?.elements.some(({ kind }) => kind === 'price')).toBe(true);
  expect(seen?.elements.some(({ name }) => name === 'All of it')).toBe(true);
  expect(evidence.limits.join()).toContain('not listed');
});

test('questions and windows that a page opens are out of the way', async () => {
  const seen = await view(page(`<h1>Hello</h1><script>alert('one'); confirm('two'); window.open('about:blank');</script><button>Buy now</button>`));
  expect(named(seen, 'Buy now').visible).toBe(true);
});

import { describe, expect, test } from 'vitest';
import { page, useCapturing } from '../support/capturing.ts';
import { testSites } from '../support/site.ts';

const { capture, serve, view } = useCapturing();
const svg = (size = ''): string => `<svg xmlns="http://www.w3.org/2000/svg" ${size}><rect width="9" height="9"/></svg>`;

test.each([['/product', 'product'], ['/saas', 'saas'], ['/lead', 'lead']])('%s is a business of the type %s', async (path, type) => {
  expect((await capture(testSites(), { path })).businessType).toBe(type);
});

test('a page that says nothing of its business is of unknown type', async () => {
  expect((await capture(page('<h1>Hello</h1>'))).businessType).toBe('unknown');
});

test('the document gives its title, description, language and viewport', async () => {
  const evidence = await capture(testSites(), { path: '/product', devices: ['desktop', 'mobile'] });
  expect(evidence).toMatchObject({ title: 'Copper Pour-Over Kettle 1.0 l | Hearth & Kettle', language: 'en', status: 200 });
  expect(evidence.metaDescription).toMatch(/^Hand-finished copper/);
  expect(evidence.views.map(({ device, metaViewport, page: { clientWidth } }) => [device, metaViewport, clientWidth]))
    .toEqual([['desktop', 'width=device-width, initial-scale=1', 1440], ['mobile', 'width=device-width, initial-scale=1', 390]]);
  const bare = await capture('<!doctype html><p>Hello');
  expect(bare).toMatchObject({ title: '', metaDescription: null, language: null });
  expect(bare.views[0]?.metaViewport).toBeNull();
});

test('pictures that could not be shown are broken; those that are small, late or without a size are not', async () => {
  const picture = (body: string) => (_request: unknown, response: import('node:http').ServerResponse): void => void response.writeHead(200, { 'content-type': 'image/svg+xml' }).end(body);
  const evidence = await capture({
    '/': page('<h1>Hello</h1><img id="gone" src="/gone.png" alt="Gone" width="200" height="100"><img id="low" src="/junk.png" alt="Junk" style="display:block;margin-top:3000px"><img src="/sized.svg" alt="Sized"><img src="/unsized.svg" alt="Unsized"><img src="" alt="None"><img src="/pixel" width="1" height="1" alt="">'),
    '/junk.png': (_request, response) => void response.writeHead(200, { 'content-type': 'image/png' }).end('not a picture'),
    '/sized.svg': picture(svg('width="9" height="9"')),
    '/unsized.svg': picture(svg()),
  });
  const [seen] = evidence.views;
  expect(seen?.images.total).toBe(6);
  expect(seen?.images.broken.map(({ selector, inFirstScreen }) => [selector, inFirstScreen])).toEqual([['#gone', true], ['#low', false]]);
  expect(seen?.network.failed.map(({ url, status, sameOrigin, type }) => [new URL(url).pathname, status, sameOrigin, type]))
    .toEqual(expect.arrayContaining([['/gone.png', 404, true, 'image'], ['/pixel', 404, true, 'image']]));
});

test('JSON-LD is flattened, and what does not parse is reported', async () => {
  const seen = await view(page('<h1>Hello</h1>', `<script type="application/ld+json">{"@graph":[{"@type":"Organization"},[{"@type":"WebPage"}]]}</script>
    <script type="application/ld+json">[{"@type":"Product","offers":{"price":"9"}}]</script><script type="application/ld+json">{"@type": oops}</script>`));
  expect(seen.structuredData.nodes.map((node) => node['@type'])).toEqual(['Organization', 'WebPage', 'Product']);
  expect(seen.structuredData.errors).toHaveLength(1);
});

test('text is what a visitor reads, in its order, with the small print counted', async () => {
  const seen = await view(page(`<h1>One <b>two</b> three</h1><nav><a href="/a">Four</a><a href="/b" style="margin-left:9px">Five</a></nav><p>S<b>i</b>x</p><p hidden>Never</p><script>"never"</script><p style="font-size:10px">tiny</p><p style="margin-top:2000px">Below</p>`));
  expect(seen.text.full).toBe('One two three Four Five Six tiny Below');
  expect(seen.text.firstScreen).toBe('One two three Four Five Six tiny');
  expect(seen.text.smallCharacters).toBe(4);
});

test('headings carry level, size and their place in the inventory', async () => {
  const seen = await view(page('<h1 style="font-size:40px">Top</h1><h2 hidden>Unseen</h2><div role="heading" aria-level="3">Low</div>'));
  expect(seen.headings.map(({ level, text, visible }) => [level, text, visible])).toEqual([[1, 'Top', true], [2, 'Unseen', false], [3, 'Low', true]]);
  expect(seen.headings[0]).toMatchObject({ fontSize: 40, element: seen.elements.find(({ name }) => name === 'Top')?.id });
});

test('requests, bytes and errors are those of the page', async () => {
  const other = await serve({ '/tag.js': (_request, response) => void response.writeHead(200, { 'content-type': 'text/javascript' }).end('throw new Error("not ours")') });
  const evidence = await capture({
    '/': page(`<h1>Hello</h1><script src="${other.origin}/tag.js"></script><script src="/app.js"></script><script>console.error("said so"); setTimeout(() => { throw new Error("broke") })</script>`),
    '/app.js': (_request, response) => void response.writeHead(200, { 'content-type': 'text/javascript' }).end(`/*${'x'.repeat(50_000)}*/`),
  });
  const [seen] = evidence.views;
  expect(seen?.network.requests).toBe(3);
  expect(seen?.network.bytes).toBeGreaterThan(50_000);
  expect(seen?.network.bytes).toBeLessThan(53_000);
  expect(seen?.network).toMatchObject({ failed: [], mixedContent: [] });
  expect(seen?.console).toEqual({ errors: ['said so'], pageErrors: ['broke'], foreignErrors: ['not ours'] });
});

test('a page that registers a service worker goes on as for a visitor on a slow line', async () => {
  const seen = await view(page('<h1>Hello</h1><script>navigator.serviceWorker.register("/sw.js").then((registration) => registration.update())</script>'));
  expect(seen.console).toEqual({ errors: [], pageErrors: [], foreignErrors: [] });
});

test('what was not seen is named: text that fades in further down, frames, change while measuring', async () => {
  const late = 'Reviews by our customers, and a link to the returns policy';
  const still = await view(page(`<h1>Hello</h1><p style="opacity:0">A tooltip above the fold, of no account</p><div style="height:1500px"></div><footer style="opacity:0;visibility:hidden"><p>Hidden</p></footer><section style="opacity:0"><p>${late}</p></section>`));
  expect(still.unseen).toEqual({ unrest: false, transparent: 'Hidden'.length + late.length, frames: [] });
  const restless = await view(page('<h1>Hello</h1><iframe src="//widget.invalid/" width="300" height="200"></iframe><script>setInterval(() => document.body.append(document.createElement("p")), 150)</script>'));
  expect(restless.unseen).toMatchObject({ unrest: true, frames: ['widget.invalid'] });
});

test('a page that scrolls in a box of its own says so', async () => {
  const { limits } = await capture('<!doctype html><html lang="en"><title>t</title><body style="margin:0"><div style="height:100vh;overflow:auto"><h1>Hello</h1><p style="height:3000px">Long</p></div></body></html>');
  expect(limits.join()).toContain('scrolls inside a box');
});

test('the first screen of a phone is what it shows at once, also of a page with something that sticks out', async () => {
  const body = '<h1>Hello</h1><div style="height:1000px"></div><p>Below</p><table style="width:720px"><tr><td>Wide</td></tr></table>';
  const seen = await view(page(body), { devices: ['mobile'] });
  expect(seen.page.width).toBe(720 + 8);
  expect(seen.screen).toEqual({ width: 390, height: 844 });
  expect(seen.text.firstScreen).toBe('Hello');
});

describe('axe-core', () => {
  test('finds what the checks ask for and names the elements', async () => {
    const seen = await view(page('<h1>Hello</h1><img src="data:," width="50" height="50"><button style="color:#ccc;background:#fff;width:100px;height:40px">Buy now</button><form><input name="email" autocomplete="nonsense"></form><a href="/a" style="display:inline-block;width:10px;height:10px"></a><a href="/b" style="display:inline-block;width:10px;height:10px"></a>'));
    expect(seen.axe.map(({ rule }) => rule)).toEqual(expect.arrayContaining(['autocomplete-valid', 'color-contrast', 'image-alt', 'label', 'link-name', 'target-size']));
    const contrast = seen.axe.find(({ rule }) => rule === 'color-contrast');
    expect(contrast?.nodes.map(({ element }) => element)).toEqual([seen.elements.find(({ name }) => name === 'Buy now')?.id]);
    for (const { rule } of seen.axe) expect(seen.axeRan).toContain(rule);
  });

  test('a rule that came to no end did not run', async () => {
    const seen = await view(page('<h1 style="background:linear-gradient(#000,#fff);color:#777">Hello</h1>'));
    expect(seen.axeRan).not.toContain('color-contrast');
    expect(seen.axeRan).toContain('page-has-heading-one');
  });
});

test('frames and canvases are named as not looked into', async () => {
  const { limits } = await capture({ '/': page('<h1>Hello</h1><iframe src="/inner" width="300" height="200"></iframe><canvas width="1400" height="600"></canvas>'), '/inner': page('<button>Inside</button>') });
  expect(limits.join()).toMatch(/frames were not looked into.*canvas draws/s);
});

import type { CDPSession, Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { runAxe } from '../../render-server/src/capture/axe.ts';
import { contextOptions } from '../../render-server/src/capture/devices.ts';
import { outline } from '../../render-server/src/capture/in-page/rest.ts';
import { World } from '../../render-server/src/capture/world.ts';
import { errorOf, page, useCapturing } from '../support/capturing.ts';
import type { Route } from '../support/site.ts';

const { source, capture, serve } = useCapturing();

const shop = '<h1>Lamps</h1><p>Handmade in Leeds.</p><a href="/buy">Buy now</a>';
const plenty = `<h1>Here</h1><a href="/buy">Buy now</a><p>${'A lamp for every desk. '.repeat(20)}</p>`;
const answering = (status: number, headers: Record<string, string>, body = ''): Route => (_request, response) => void response.writeHead(status, headers).end(body);
const never: Route = () => {};
const headingsOf = async (captured: ReturnType<typeof capture>): Promise<string[]> => ((await captured).views[0]?.headings ?? []).map(({ text }) => text);

describe('a page that is not yet what the visitor comes to see', () => {
  test('because its script puts the content in a second later', async () => {
    const late = `<div id="app">Loading…</div><script>setTimeout(() => { app.innerHTML = '${shop}'; }, 1000)</script>`;
    const evidence = await capture(page(late));
    expect(evidence.views[0]?.headings.map(({ text }) => text)).toEqual(['Lamps']);
    expect(evidence.limits).toEqual([]);
  });

  test('because it says so, and then is: the content came after two seconds', async () => {
    const late = `<div id="app"><div class="spinner"></div></div>
      <style>.spinner{width:40px;height:40px;border:4px solid;animation:turn 1s linear infinite}@keyframes turn{to{transform:rotate(360deg)}}</style>
      <p>${'Words of the frame around it. '.repeat(20)}</p><script>setTimeout(() => { app.innerHTML = '${shop}'; }, 2000)</script>`;
    expect(await headingsOf(capture(page(late)))).toEqual(['Lamps']);
  });

  test('because it says so without end: then the report says so too', async () => {
    const evidence = await capture(page(`<p>Please wait…</p><a href="/">Home</a><script>0</script>`), {}, { bounds: { settle: 1_200 } });
    expect(evidence.limits.join()).toContain('still loading');
  });

  test.each([
    ['a script, after it looked complete', '<script>setTimeout(() => { location.href = "/there"; }, 1100)</script>'],
    ['a meta refresh', '<meta http-equiv="refresh" content="1; url=/there">'],
  ])('because it sends the visitor on by %s', async (_name, head) => {
    expect(await headingsOf(capture({ '/': page(plenty, head), '/there': page('<h1>There</h1>') }))).toEqual(['There']);
  });

  test('because it writes its document anew', async () => {
    const anew = `<script>setTimeout(() => { document.open(); document.write('<title>New</title><h1>Written anew</h1>'); document.close(); }, 300)</script>`;
    expect(await headingsOf(capture(page(plenty, anew)))).toEqual(['Written anew']);
  });

  test('and never will be, because it keeps writing its document anew', async () => {
    const loop = `<script>setInterval(() => { document.open(); document.write('<h1>Again</h1>'); document.close(); }, 40)</script>`;
    expect((await errorOf(capture(page(plenty, loop), {}, { bounds: { settle: 1_000 } }))).code).toMatch(/^page_/);
  });
});

describe('a page that shows nothing', () => {
  test.each<[string, Route]>([
    ['of 0 bytes', answering(200, { 'content-type': 'text/html' })],
    ['without a word', page('<div></div><script>0</script>')],
    ['whose document never begins', (_request, response) => void response.writeHead(200, { 'content-type': 'text/html' }).write('   ')],
    ['that takes its document away', page(plenty, '<script>setTimeout(() => document.open(), 100)</script>')],
    ['before a script that never comes', page('', '<script src="/never"></script>')],
  ])('%s is empty', async (_name, route) => {
    expect(await errorOf(capture({ '/': route, '/never': never }, {}, { bounds: { settle: 1_000 } }))).toMatchObject({ code: 'page_error', reason: 'empty' });
  });

  test.each([
    ['a coloured box', '<div style="height:300px;background:teal"></div>'],
    ['a background picture', '<style>body{background:linear-gradient(red,blue)}</style>'],
    ['a drawing', '<canvas width="300" height="300"></canvas>'],
    ['a component that nobody can look into', '<my-lamp></my-lamp><script>customElements.define("my-lamp", class extends HTMLElement { connectedCallback() { this.attachShadow({ mode: "closed" }).innerHTML = "<h1>Lamp</h1>"; } })</script>'],
  ])('is not one that shows %s', async (_name, body) => {
    expect((await capture(page(body), {}, { bounds: { settle: 1_000 } })).status).toBe(200);
  });
});

describe('an answer that is no whole page', () => {
  test.each<[string, Route, string, string, RegExp]>([
    ['a redirect that says not where to', answering(302, {}, 'moved'), 'page_error', 'http_status', /302/],
    ['HTTP 304', answering(304, {}), 'page_error', 'http_status', /304/],
    ['XHTML with a mistake', answering(200, { 'content-type': 'application/xhtml+xml' }, '<html xmlns="http://www.w3.org/1999/xhtml"><body><p>Hello<br></body></html>'), 'page_error', 'not_html', /XML/],
    ['gzip that is none', answering(200, { 'content-type': 'text/html', 'content-encoding': 'gzip' }, 'not gzip'), 'page_error', 'not_html', /compressed/],
    ['a document cut half-way', (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html', 'content-length': 100_000 }).write(page(shop));
      setTimeout(() => response.destroy(), 200);
    }, 'page_unreachable', 'connect', /broke off/],
  ])('%s', async (_name, route, code, reason, message) => {
    const error = await errorOf(capture({ '/': route }));
    expect(error).toMatchObject({ code, reason });
    expect(error.message).toMatch(message);
  });
});

describe('a page that could hold the browser up', () => {
  test('with a policy against all scripts is measured whole', async () => {
    const evidence = await capture({ '/': answering(200, { 'content-type': 'text/html', 'content-security-policy': "sandbox; default-src 'none'" }, page(shop)) });
    expect(evidence.views[0]?.headings.map(({ text }) => text)).toEqual(['Lamps']);
    expect(evidence.views[0]?.axeRan).toContain('color-contrast');
    expect(evidence.limits).toEqual([]);
  });

  test('with a style sheet that never comes is measured without it, and says so', async () => {
    const evidence = await capture({ '/': page(shop, '<link rel="stylesheet" href="/never">'), '/never': never }, {}, { bounds: { settle: 1_000 } });
    expect(evidence.views[0]?.tiles).toHaveLength(1);
    expect(evidence.limits.join()).toMatch(/style sheet .*\/never/);
  });

  test('with an imported style sheet that never comes is unreachable', async () => {
    expect(await errorOf(capture({ '/': page(shop, '<style>@import url(/never);</style>'), '/never': never }, {}, { bounds: { settle: 1_000 } })))
      .toMatchObject({ code: 'page_unreachable', reason: 'timeout' });
  });

  test.each(['mailto:a@b.example', 'lamps://open/1'])('by leading to %s before its content is measured whole', async (target) => {
    const evidence = await capture(page(shop, `<script>addEventListener('load', () => { location.href = '${target}'; })</script>`));
    expect(evidence.views[0]?.headings.map(({ text }) => text)).toEqual(['Lamps']);
    expect(evidence.limits).toEqual([]);
  });

  test('with very many elements is measured in part, and says which', async () => {
    const many = Array.from({ length: 11_000 }, (_, index) => `<div><a href="/p${index}">Lamp ${index}</a></div>`).join('');
    const { limits, views } = await capture(page(`<h1>All lamps</h1>${many}`));
    expect(limits.join(' ')).toMatch(/more elements than were looked at.*too many elements for the accessibility rules.*the first 900 px/);
    expect(views[0]).toMatchObject({ axe: [], axeRan: [] });
  });

  test('with many elements has the accessibility rules run on the listed ones: what they find counts, what they do not find is unknown', async () => {
    const { limits, views } = await capture(page(`<h1>Order</h1><input name="x"><button>Buy</button>${'<i></i>'.repeat(5_100)}`));
    expect(limits.join()).toContain('listed elements alone');
    expect(views[0]?.axeRan).toEqual(views[0]?.axe.map(({ rule }) => rule));
    expect(views[0]?.axeRan).toContain('label');
  });
});

describe('accessibility rules', () => {
  async function inPage<T>(use: (opened: Page, cdp: CDPSession) => Promise<T>): Promise<T> {
    const site = await serve({ '/': page(shop) });
    return source().withPage(contextOptions('desktop', 'en'), AbortSignal.timeout(20_000), async (opened) => {
      await opened.goto(site.origin);
      return use(opened, await opened.context().newCDPSession(opened));
    });
  }

  test('that do not finish are ended, and the page goes on', async () => {
    await inPage(async (opened, cdp) => {
      const world = await World.open(cdp, 1_500);
      await opened.evaluate(() => void setTimeout(() => { for (;;); }, 0));
      expect(await runAxe(world)).toMatchObject({ axeRan: [], limit: expect.stringContaining('did not finish in time') });
      expect((await world.run(outline, null)).elements).toBeGreaterThan(3);
    });
  });

  test('that cannot run say so', async () => {
    await inPage(async (_opened, cdp) => {
      const world = await World.open(cdp, 5_000);
      await world.load('Object.defineProperty(globalThis, "axe", { value: { run() { throw new Error("spoilt"); } } })');
      expect(await runAxe(world)).toMatchObject({ axeRan: [], limit: expect.stringContaining('could not run') });
    });
  });
});

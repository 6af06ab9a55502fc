import { createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import type { EgressFailure, PageSource } from '../../render-server/src/browsers/page-source.ts';
import { errorOf, page, useCapturing } from '../support/capturing.ts';
import type { Route } from '../support/site.ts';

const { source, capture, captureUrl, serve } = useCapturing();

const answering = (status: number, type: string, body = '', headers: Record<string, string> = {}): Route =>
  (_request, response) => void response.writeHead(status, { ...(type === '' ? {} : { 'content-type': type }), ...headers }).end(body);
const sendingTo = (location: string): Route => (_request, response) => void response.writeHead(302, { location }).end();

/** 21 MB that cost no layout: a word of that length would keep the browser busy before it tells the size. */
const LARGE = '<p>Hello</p><!--'.padEnd(21 * 1024 * 1024, 'x');

describe('an address that answers with something else than a page', () => {
  test.each<[string, Route, string]>([
    ['HTTP 500', answering(500, 'text/html', '<h1>Oops</h1>'), 'http_status'],
    ['HTTP 404 with nothing in it', answering(404, ''), 'http_status'],
    ['a PDF', answering(200, 'application/pdf', '%PDF-1.4'), 'not_html'],
    ['a PDF to be saved', answering(200, 'application/pdf', '%PDF-1.4', { 'content-disposition': 'attachment; filename=a.pdf' }), 'not_html'],
    ['JSON', answering(200, 'application/json', '{}'), 'not_html'],
    ['a picture', answering(200, 'image/svg+xml', '<svg xmlns="http://www.w3.org/2000/svg"/>'), 'not_html'],
    ['plain text', answering(200, 'text/plain', 'hello'), 'not_html'],
    ['HTTP 204', answering(204, ''), 'not_html'],
    ['an archive', answering(200, 'application/zip', 'PK'), 'download'],
    ['HTML to be saved', answering(200, 'text/html', '<p>hello', { 'content-disposition': 'attachment; filename=a.html' }), 'download'],
    ['a document of 21 MB', answering(200, 'text/html', LARGE), 'too_large'],
    ['a document that grows to 21 MB', (_request, response) => void response.writeHead(200, { 'content-type': 'text/html' }).write(LARGE), 'too_large'],
    ['a redirect to itself', sendingTo('/'), 'http_status'],
  ])('%s is a page_error', async (_name, route, reason) => {
    expect(await errorOf(capture({ '/': route }))).toMatchObject({ code: 'page_error', reason });
  });

  test('the message names the status', async () => {
    expect((await errorOf(capture({ '/': answering(503, 'text/html', 'busy') }))).message).toContain('503');
  });
});

describe('an address that cannot be reached', () => {
  test('a name that does not resolve', async () => {
    expect(await errorOf(captureUrl('http://no-such-host.invalid/'))).toMatchObject({ code: 'page_unreachable', reason: 'dns' });
  });

  test('a port where nothing listens', async () => {
    const site = await serve({});
    await site.close();
    expect(await errorOf(captureUrl(site.origin))).toMatchObject({ code: 'page_unreachable', reason: 'connect' });
  });

  test('a server that hangs up', async () => {
    expect(await errorOf(capture({ '/': (request) => request.socket.destroy() }))).toMatchObject({ code: 'page_unreachable', reason: 'connect' });
  });

  test('https where the server does not speak TLS', async () => {
    const server = createServer((socket) => void socket.on('error', () => {}).once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    try {
      expect(await errorOf(captureUrl(`https://127.0.0.1:${port}/`))).toMatchObject({ code: 'page_unreachable', reason: 'tls' });
    } finally {
      server.close();
    }
  });

  test('a server that never answers', async () => {
    expect(await errorOf(capture({ '/': () => {} }, {}, { bounds: { navigation: 400 } }))).toMatchObject({ code: 'page_unreachable', reason: 'timeout' });
  });

  test.each(['file:///etc/passwd', 'ftp://files.example/', 'data:text/html,hello', 'chrome://version', 'mailto:a@b.example'])('a redirect to %s says no more than an unknown name', async (location) => {
    const unknown = await errorOf(captureUrl('http://no-such-host.invalid/'));
    expect(await errorOf(capture({ '/': sendingTo(location) }))).toEqual(unknown);
  });

  test.each(['file:///etc/passwd', 'data:text/html,hello', 'nonsense'])('%s itself is forbidden', async (url) => {
    expect(await errorOf(captureUrl(url))).toMatchObject({ code: 'forbidden_url' });
  });
});

describe('the egress gate is believed before the answer that came through it', () => {
  const behind = (failure: EgressFailure): PageSource => ({ withPage: (...all) => source().withPage(...all), failureFor: (url) => (url.hostname === '127.0.0.1' ? failure : undefined), usedUp: () => undefined });

  test.each<[EgressFailure, string, string]>([
    ['dns', 'page_unreachable', 'dns'],
    ['forbidden', 'page_unreachable', 'dns'],
    ['connect', 'page_unreachable', 'connect'],
    ['too_large', 'page_error', 'too_large'],
  ])('%s', async (failure, code, reason) => {
    const site = await serve({ '/': answering(502, 'text/plain', 'proxy') });
    expect(await errorOf(captureUrl(site.origin, {}, {}, behind(failure)))).toMatchObject({ code, reason });
  });

  test('a page that did come is not doubted', async () => {
    const site = await serve({ '/': page('<h1>Hello</h1>') });
    expect((await captureUrl(site.origin, {}, {}, behind('connect'))).status).toBe(200);
  });
});

describe('a page that sends its visitor on', () => {
  test('by a redirect: the evidence is of where it led', async () => {
    const evidence = await capture({ '/': sendingTo('/there'), '/there': page('<h1>There</h1>') });
    expect(new URL(evidence.url).pathname).toBe('/there');
    expect(evidence.status).toBe(200);
    expect(new URL(evidence.requestedUrl).pathname).toBe('/');
  });

  test('by a script, while it is being looked at', async () => {
    const evidence = await capture({
      '/': page('<h1>Here</h1><script>addEventListener("load", () => setTimeout(() => location.href = "/there", 150))</script>'),
      '/there': page('<h1>There</h1>'),
    });
    expect(evidence.views[0]?.headings.map(({ text }) => text)).toEqual(['There']);
  });

  test('by a script: what went wrong before is not the fault of the page that is shown', async () => {
    const evidence = await capture({
      '/': page('<h1>Here</h1><script>console.error("early"); addEventListener("load", () => setTimeout(() => { location.href = "/there"; throw new Error("early"); }, 50))</script>'),
      '/there': page('<h1>There</h1><script>console.error("late")</script>'),
    });
    expect(evidence.views[0]?.console).toEqual({ errors: ['late'], pageErrors: [], foreignErrors: [] });
  });

  test('by a script, to an error', async () => {
    expect(await errorOf(capture({ '/': page('<script>setTimeout(() => location.href = "/gone", 100)</script>') })))
      .toMatchObject({ code: 'page_error', reason: 'http_status' });
  });

  test('without end', async () => {
    expect(await errorOf(capture({ '/': page('<h1>Here</h1><script>addEventListener("load", () => setTimeout(() => location.reload(), 100))</script>') })))
      .toMatchObject({ code: 'page_stuck' });
  });
});

describe('a page that ends early', () => {
  test.each([
    ['before its body', page('', '<script>while (true) {}</script>')],
    ['after it has loaded', page('<h1>Hello</h1><script>addEventListener("load", () => setTimeout(() => { while (true) {} }, 50))</script>')],
    ['when it is scrolled', page('<h1>Hello</h1><p style="height:5000px">Long</p><script>addEventListener("scroll", () => { while (true) {} })</script>')],
  ])('a script that spins %s is page_stuck, and the next page opens', async (_name, html) => {
    expect(await errorOf(capture(html, {}, { bounds: { settle: 1_000, step: 1_000 } }))).toMatchObject({ code: 'page_stuck' });
    expect((await capture(page('<h1>Next</h1>'))).status).toBe(200);
  });

  test('a renderer that dies is browser_crashed', async () => {
    const site = await serve({ '/': page('<h1>Hello</h1>') });
    const crashing: PageSource = {
      failureFor: () => undefined,
      usedUp: () => undefined,
      withPage: (options, signal, use) => source().withPage(options, signal, async (opened) => {
        opened.once('load', () => void opened.context().newCDPSession(opened).then((cdp) => cdp.send('Page.crash')).catch(() => {}));
        return use(opened);
      }),
    };
    expect(await errorOf(captureUrl(site.origin, {}, {}, crashing))).toMatchObject({ code: 'browser_crashed' });
  });

  test('an aborted signal ends it with its reason', async () => {
    const stop = new AbortController();
    const site = await serve({ '/': () => stop.abort(new Error('stop here')) });
    await expect(captureUrl(site.origin, {}, { signal: stop.signal })).rejects.toThrow('stop here');
  });
});

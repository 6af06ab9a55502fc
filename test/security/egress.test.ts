import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { AllowList } from '../../render-server/src/addresses.ts';
import { createResolver } from '../../render-server/src/browsers/dns.ts';
import { EGRESS_FLAGS, type EgressGate, openGate } from '../../render-server/src/browsers/egress.ts';
import { CHROMIUM } from '../support/chromium.ts';
import { type DnsServer, startDnsServer } from '../support/dns-server.ts';

/**
 * A page does what it can to reach a listener on loopback. Each way is tried twice: with the listener on the
 * allow-list, where it must arrive, and without, where it must not. Every way uses a host name of its own,
 * so that the DNS server's log proves that the refused attempt was really made. (A headless shell does not
 * act on `preconnect` and `dns-prefetch` links.)
 */
const WAYS = [
  'iframe', 'img', 'script', 'css', 'css-import', 'font', 'video', 'object', 'fetch', 'post', 'xhr', 'event-source',
  'websocket', 'worker-fetch', 'worker-script', 'service-worker-fetch', 'module', 'meta-refresh', 'beacon',
  'keepalive', 'preload', 'form', 'ping', 'csp-report', 'redirect-iframe', 'redirect-img', 'redirect-fetch',
] as const;
type Way = (typeof WAYS)[number];

const hostOf = (way: Way): string => `${way}.inward.test`;

/** Containers often have no IPv6, not even on loopback. */
const IPV6 = Object.values(networkInterfaces()).flat().some((entry) => entry?.address === '::1');

let browser: Browser;
let dns: DnsServer;
let inside: http.Server;
let inside6: http.Server;
let outside: http.Server;
let hits: string[];
let connections: number;
const open: { close(): Promise<void> }[] = [];

const portOf = (server: http.Server): number => (server.address() as AddressInfo).port;
const outsideUrl = (path: string): string => `http://127.0.0.1:${portOf(outside)}${path}`;

beforeAll(async () => {
  browser = await chromium.launch({ executablePath: CHROMIUM, chromiumSandbox: false, args: [...EGRESS_FLAGS] });
});
afterAll(() => browser.close());

beforeEach(async () => {
  hits = [];
  connections = 0;
  dns = await startDnsServer(Object.fromEntries([...WAYS.map(hostOf), 'page.inward.test'].map((name) => [name, ['127.0.0.1']])));
  inside = http.createServer(answerInside).on('connection', () => { connections += 1; }).on('upgrade', (request, socket) => {
    hits.push(request.url ?? '');
    socket.destroy();
  });
  inside6 = http.createServer(answerInside).on('connection', () => { connections += 1; });
  outside = http.createServer(answerOutside);
  for (const [server, host] of [[inside, '127.0.0.1'], [inside6, IPV6 ? '::1' : '127.0.0.1'], [outside, '127.0.0.1']] as const) {
    server.listen(0, host);
    await once(server, 'listening');
  }
});

afterEach(async () => {
  vi.useRealTimers();
  for (const thing of open.splice(0).reverse()) await thing.close();
  for (const server of [inside, inside6, outside]) {
    server.closeAllConnections();
    await new Promise((resolve) => { server.close(resolve); });
  }
  await dns.close();
});

function answerInside(request: http.IncomingMessage, response: http.ServerResponse): void {
  hits.push(request.url ?? '');
  response.setHeader('access-control-allow-origin', '*').end('secret');
}

function answerOutside(request: http.IncomingMessage, response: http.ServerResponse): void {
  const url = new URL(request.url ?? '/', 'http://outside');
  const to = url.searchParams.get('to') ?? '';
  const html = (text: string): void => void response.setHeader('content-type', 'text/html').end(text);
  if (url.pathname === '/redirect') response.writeHead(302, { location: to, 'access-control-allow-origin': '*' }).end();
  else if (url.pathname === '/refresh') html(`<meta http-equiv="refresh" content="0;url=${to}">`);
  else if (url.pathname === '/reporting') {
    response.setHeader('content-security-policy', `img-src 'none'; report-uri ${to}`);
    html('<img src="/blocked.png">');
  } else if (url.pathname === '/worker.js') {
    response.setHeader('content-type', 'text/javascript').end(`fetch(${JSON.stringify(to)}, { mode: 'no-cors' }).catch(() => {})`);
  } else html('<title>outside</title><p>A page.');
}

async function openPage(options: { target: string; allow: string[] }): Promise<{ page: Page; context: BrowserContext; gate: EgressGate }> {
  const gate = await openGate({
    target: new URL(options.target),
    allow: AllowList.parse(options.allow),
    resolver: createResolver({ servers: [dns.address] }),
  });
  open.push(gate);
  const context = await browser.newContext({ proxy: { server: gate.proxyUrl, bypass: '<-loopback>' } });
  open.push(context);
  return { page: await context.newPage(), context, gate };
}

/** Tries every way from within the page. Runs in the browser. */
function attack(urls: Record<Way, string>): void {
  const redirect = (to: string): string => `/redirect?to=${encodeURIComponent(to)}`;
  const add = <K extends keyof HTMLElementTagNameMap>(tag: K, set: Partial<HTMLElementTagNameMap[K]>): HTMLElementTagNameMap[K] =>
    document.body.appendChild(Object.assign(document.createElement(tag), set));
  const quietly = (promise: Promise<unknown>): void => void promise.catch(() => undefined);

  add('iframe', { src: urls.iframe });
  add('iframe', { src: redirect(urls['redirect-iframe']) });
  add('iframe', { src: `/refresh?to=${encodeURIComponent(urls['meta-refresh'])}` });
  add('iframe', { src: `/reporting?to=${encodeURIComponent(urls['csp-report'])}` });
  add('img', { src: urls.img });
  add('img', { src: redirect(urls['redirect-img']) });
  add('script', { src: urls.script });
  add('video', { src: urls.video, preload: 'auto' });
  add('object', { data: urls.object });
  add('link', { rel: 'preload', href: urls.preload, as: 'image' });
  add('style', { textContent: `@import url("${urls['css-import']}");` });
  add('style', { textContent: `@font-face{font-family:x;src:url("${urls.font}")} body{background:url("${urls.css}");font-family:x}` });
  quietly(fetch(urls.fetch));
  quietly(fetch(redirect(urls['redirect-fetch'])));
  quietly(fetch(urls.post, { method: 'POST', body: 'x', mode: 'no-cors' }));
  quietly(fetch(urls.keepalive, { keepalive: true, mode: 'no-cors' }));
  add('script', { type: 'module', textContent: `import ${JSON.stringify(urls.module)}` });
  const xhr = new XMLHttpRequest();
  xhr.open('GET', urls.xhr);
  xhr.send();
  new EventSource(urls['event-source']);
  new WebSocket(urls.websocket.replace('http:', 'ws:'));
  navigator.sendBeacon(urls.beacon, 'x');
  new Worker(`/worker.js?to=${encodeURIComponent(urls['worker-fetch'])}`);
  new Worker(URL.createObjectURL(new Blob([`importScripts(${JSON.stringify(urls['worker-script'])})`])));
  quietly(navigator.serviceWorker.register(`/worker.js?to=${encodeURIComponent(urls['service-worker-fetch'])}`));
  const frame = add('iframe', { name: 'target' });
  add('form', { action: urls.form, target: frame.name, method: 'post' }).submit();
  add('a', { href: '#here', ping: urls.ping }).click();
}

const attackUrls = (): Record<Way, string> => Object.fromEntries(
  WAYS.map((way) => [way, `http://${hostOf(way)}:${portOf(inside)}/${way}`])) as Record<Way, string>;
const asked = (): string[] => WAYS.filter((way) => dns.questions.includes(`A ${hostOf(way)}`));
const arrived = (): string[] => WAYS.filter((way) => hits.some((hit) => hit === `/${way}`));

describe('a page that tries to reach a private listener', () => {
  it('gets nowhere, whichever way it tries', async () => {
    const { page } = await openPage({ target: outsideUrl('/'), allow: [`127.0.0.1:${portOf(outside)}`] });
    await page.goto(outsideUrl('/'));
    await page.evaluate(attack, attackUrls());
    await expect.poll(asked, { timeout: 20_000 }).toEqual([...WAYS]);
    for (const thing of open.splice(0).reverse()) await thing.close();
    expect(hits).toEqual([]);
    expect(connections).toBe(0);
  });

  it('arrives by every one of these ways when the operator allows it', async () => {
    const port = portOf(inside);
    const { page } = await openPage({
      target: outsideUrl('/'),
      allow: [`127.0.0.1:${portOf(outside)}`, ...WAYS.map((way) => `${hostOf(way)}:${port}`)],
    });
    await page.goto(outsideUrl('/'));
    await page.evaluate(attack, attackUrls());
    await expect.poll(arrived, { timeout: 20_000 }).toEqual([...WAYS]);
  });
});

describe('a job whose own address leads inside', () => {
  const literal = (host: string, server: () => http.Server) => ({ host, server });

  it.each([
    literal('127.0.0.1', () => inside), literal('[::1]', () => inside6), literal('localhost', () => inside),
    literal('a.localhost', () => inside), literal('page.inward.test', () => inside), literal('2130706433', () => inside),
    literal('[::ffff:127.0.0.1]', () => inside),
  ].filter(({ host }) => IPV6 || !host.startsWith('[')))('does not open $host, straight or by redirect, unless it is allowed', async ({ host, server }) => {
    const url = `http://${host}:${portOf(server())}/page`;
    const here = `127.0.0.1:${portOf(outside)}`;

    const refused = await openPage({ target: outsideUrl('/'), allow: [here] });
    expect((await refused.page.goto(url))?.status()).toBe(502);
    expect((await refused.page.goto(outsideUrl(`/redirect?to=${url}`)))?.status()).toBe(502);
    expect(refused.gate.failureFor(new URL(url))).toBeDefined();
    expect(connections).toBe(0);

    const allowed = await openPage({ target: outsideUrl('/'), allow: [here, new URL(url).host] });
    expect((await allowed.page.goto(url))?.status()).toBe(200);
    expect((await allowed.page.goto(outsideUrl(`/redirect?to=${url}`)))?.status()).toBe(200);
    expect(hits).toEqual(['/page', '/page']);
  });

  it.skipIf(!IPV6)('does not follow a name that first leads to an open address and then inside', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const port = portOf(inside6);
    dns.names.set('rebind.test', ['127.0.0.1']);
    const near = http.createServer((_request, response) => void response.setHeader('content-type', 'text/html').end('<p>near'));
    near.listen(port, '127.0.0.1');
    await once(near, 'listening');
    open.push({ close: () => new Promise((resolve) => { near.close(() => resolve()); near.closeAllConnections(); }) });

    const { page, gate } = await openPage({ target: `http://rebind.test:${port}/`, allow: ['127.0.0.1'] });
    expect((await page.goto(`http://rebind.test:${port}/`))?.status()).toBe(200);
    dns.names.set('rebind.test', ['::1']);
    vi.setSystemTime(Date.now() + 60_000);
    expect(await page.evaluate(() => fetch('/again').then((response) => response.status))).toBe(502);
    expect(gate.failureFor(new URL(`http://rebind.test:${port}/`))).toBe('dns');
    expect(connections).toBe(0);
  });
});

describe('a public page', () => {
  it('cannot reach a host that the operator allows for jobs of its own', async () => {
    const url = `http://127.0.0.1:${portOf(inside)}`;
    const reach = (to: string): Promise<unknown> => Promise.allSettled([
      fetch(`${to}/fetch`),
      new Promise((resolve) => Object.assign(new Image(), { onerror: resolve, onload: resolve }).src = `${to}/img`),
      new Promise((resolve) => new WebSocket(`${to.replace('http', 'ws')}/websocket`).addEventListener('close', resolve)),
      new Promise((resolve) => document.body.appendChild(Object.assign(document.createElement('iframe'), { onload: resolve, src: `${to}/iframe` }))),
    ]);
    const open = async (target: string): Promise<EgressGate> => {
      const { page, gate } = await openPage({ target, allow: [new URL(url).host, '127.0.0.0/8'] });
      await page.evaluate(reach, url);
      return gate;
    };

    expect((await open('https://public.test/')).failureFor(new URL(url))).toBe('forbidden');
    expect(connections).toBe(0);
    await open(url);
    expect(hits.toSorted()).toEqual(['/fetch', '/iframe', '/img', '/websocket']);
  });
});

describe('the browser itself', () => {
  it('reaches nothing from a context that has no gate', async () => {
    const url = `http://127.0.0.1:${portOf(inside)}/`;
    const context = await browser.newContext();
    open.push(context);
    await expect((await context.newPage()).goto(url)).rejects.toThrow('ERR_PROXY_CONNECTION_FAILED');
    expect(connections).toBe(0);

    const unguarded = await chromium.launch({ executablePath: CHROMIUM, chromiumSandbox: false });
    open.push(unguarded);
    await (await unguarded.newPage()).goto(url);
    expect(hits).toEqual(['/']);
  });

  it('sends nothing over UDP for WebRTC', async () => {
    const stun = createSocket('udp4').bind(0, '127.0.0.1');
    await once(stun, 'listening');
    open.push({ close: async () => { stun.close(); } });
    let packets = 0;
    stun.on('message', () => { packets += 1; });
    const gather = async (port: number): Promise<void> => {
      const peer = new RTCPeerConnection({ iceServers: [{ urls: `stun:127.0.0.1:${port}` }] });
      peer.createDataChannel('x');
      const ended = new Promise((resolve) => peer.addEventListener('icegatheringstatechange', () => { if (peer.iceGatheringState === 'complete') resolve(null); }));
      await peer.setLocalDescription(await peer.createOffer());
      await ended;
      peer.close();
    };

    const { page } = await openPage({ target: outsideUrl('/'), allow: [`127.0.0.1:${portOf(outside)}`, '127.0.0.1'] });
    await page.goto(outsideUrl('/'));
    await page.evaluate(gather, stun.address().port);
    expect(packets).toBe(0);

    const unguarded = await chromium.launch({ executablePath: CHROMIUM, chromiumSandbox: false });
    open.push(unguarded);
    const plain = await unguarded.newPage();
    await plain.goto(outsideUrl('/'));
    void plain.evaluate(gather, stun.address().port).catch(() => undefined);
    await expect.poll(() => packets, { timeout: 10_000 }).toBeGreaterThan(0);
  });
});

import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { AllowList } from '../../render-server/src/addresses.ts';
import { createResolver } from '../../render-server/src/browsers/dns.ts';
import { Lease } from '../../render-server/src/browsers/lease.ts';
import type { BrowserPool } from '../../render-server/src/browsers/pool.ts';
import { CHROMIUM } from '../support/chromium.ts';
import { type DnsServer, startDnsServer } from '../support/dns-server.ts';
import { startPool } from '../support/pool.ts';

/** Containers often have no IPv6, not even on loopback. */
const IPV6 = Object.values(networkInterfaces()).flat().some((entry) => entry?.address === '::1');

let pool: BrowserPool;
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
  pool = await startPool({ pagesPerBrowser: 2 });
});
afterAll(() => pool.close());

beforeEach(async () => {
  hits = [];
  connections = 0;
  dns = await startDnsServer();
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
  if (url.pathname === '/redirect') response.writeHead(302, { location: url.searchParams.get('to') ?? '' }).end();
  else response.setHeader('content-type', 'text/html').end('<title>outside</title><p>A page.');
}

/** Opens a page as a job with this target does, and closes it again. */
async function withPage<T>(options: { target: string; allow: string[] }, use: (page: Page, lease: Lease) => Promise<T>): Promise<T> {
  const signal = AbortSignal.timeout(50_000);
  const lease = await Lease.open(await pool.acquire(signal), new URL(options.target), { allow: AllowList.parse(options.allow), resolver: createResolver({ servers: [dns.address] }) }, signal);
  try {
    return await lease.withPage({}, signal, (page) => use(page, lease));
  } finally {
    await lease.release();
  }
}

describe('a job whose own address leads inside', () => {
  const literal = (host: string, server: () => http.Server) => ({ host, server });

  it.each([
    literal('127.0.0.1', () => inside), literal('[::1]', () => inside6), literal('localhost', () => inside),
    literal('a.localhost', () => inside), literal('page.inward.test', () => inside), literal('2130706433', () => inside),
    literal('[::ffff:127.0.0.1]', () => inside),
  ].filter(({ host }) => IPV6 || !host.startsWith('[')))('does not open $host, straight or by redirect, unless it is allowed', async ({ host, server }) => {
    dns.names.set('page.inward.test', ['127.0.0.1']);
    const url = `http://${host}:${portOf(server())}/page`;
    const here = `127.0.0.1:${portOf(outside)}`;

    await withPage({ target: outsideUrl('/'), allow: [here] }, async (page, lease) => {
      expect((await page.goto(url))?.status()).toBe(502);
      expect((await page.goto(outsideUrl(`/redirect?to=${url}`)))?.status()).toBe(502);
      expect(lease.failureFor(new URL(url))).toBeDefined();
      expect(connections).toBe(0);
    });
    await withPage({ target: outsideUrl('/'), allow: [here, new URL(url).host] }, async (page) => {
      expect((await page.goto(url))?.status()).toBe(200);
      expect((await page.goto(outsideUrl(`/redirect?to=${url}`)))?.status()).toBe(200);
      expect(hits).toEqual(['/page', '/page']);
    });
  });
});

describe('a name that leads to an open address first and inside later', () => {
  /** The ways to ask a second time; each gives the status that it got, where it can see one. */
  const again: Record<string, (url: string) => Promise<unknown>> = {
    'fetch': (url) => fetch(url, { cache: 'no-store' }).then(({ status }) => status),
    'frame': (url) => new Promise((resolve) => document.body.appendChild(Object.assign(document.createElement('iframe'), { onload: resolve, src: url }))),
    'websocket': (url) => new Promise((resolve) => new WebSocket(url.replace('http', 'ws')).addEventListener('close', resolve)),
    'navigation': (url) => { location.href = url; return Promise.resolve(); },
    'worker': (url) => new Promise((resolve) => { new Worker(URL.createObjectURL(new Blob([`fetch('${url}').catch(() => {}).then(() => postMessage(0))`]))).onmessage = resolve; }),
  };

  it.each(Object.keys(again))('is not followed by a %s, and would be if the second address were allowed', async (way) => {
    const port = portOf(outside);
    const twin = http.createServer(answerInside).on('connection', () => { connections += 1; }).on('upgrade', (request, socket) => {
      hits.push(request.url ?? '');
      socket.destroy();
    });
    twin.listen(port, '127.0.0.2');
    await once(twin, 'listening');
    open.push({ close: () => new Promise((resolve) => { twin.close(() => resolve()); twin.closeAllConnections(); }) });

    const rebind = async (name: string, allow: string[]): Promise<string | undefined> => {
      vi.useFakeTimers({ toFake: ['Date'] });
      const url = `http://${name}:${port}/`;
      dns.names.set(name, ['127.0.0.1']);
      return withPage({ target: url, allow }, async (page, lease) => {
        expect((await page.goto(url))?.status()).toBe(200);
        dns.names.set(name, ['127.0.0.2']);
        vi.setSystemTime(Date.now() + 60_000);
        outside.closeAllConnections();
        const answered = page.waitForResponse(`${url}again`, { timeout: 5_000 }).catch(() => undefined);
        await page.evaluate(again[way] ?? (() => Promise.resolve()), `${url}again`);
        if (way === 'navigation') await answered;
        return lease.failureFor(new URL(url));
      });
    };
    expect(await rebind('rebind.test', [`127.0.0.1:${port}`])).toBe('dns');
    expect(connections).toBe(0);
    await rebind('allowed.test', [`127.0.0.1:${port}`, `127.0.0.2:${port}`]);
    expect(hits).toEqual(['/again']);
  });
});

describe('a public page cannot reach a host that the operator allows for jobs of its own', () => {
  /** Tries every kind of request; runs in the browser. */
  const reach = (to: string): Promise<unknown> => {
    const add = (tag: string, set: object): Promise<unknown> => new Promise((resolve) => {
      document.body.appendChild(Object.assign(document.createElement(tag), { onload: resolve, onerror: resolve }, set));
    });
    return Promise.allSettled([
      fetch(`${to}/fetch`),
      fetch(`${to}/post`, { method: 'POST', mode: 'no-cors', body: 'x' }),
      fetch(`/redirect?to=${to}/redirect-fetch`, { mode: 'no-cors' }),
      add('img', { src: `${to}/img` }),
      add('img', { src: `/redirect?to=${to}/redirect-img` }),
      add('script', { src: `${to}/script` }),
      add('iframe', { src: `${to}/iframe` }),
      add('iframe', { src: `/redirect?to=${to}/redirect-iframe` }),
      add('iframe', { srcdoc: `<script>fetch('${to}/srcdoc').finally(() => parent.postMessage(0))</script>` }),
      new Promise((resolve) => new WebSocket(`${to.replace('http', 'ws')}/websocket`).addEventListener('close', resolve)),
      new Promise((resolve) => { new Worker(URL.createObjectURL(new Blob([`fetch('${to}/worker').catch(() => {}).then(() => postMessage(0))`]))).onmessage = resolve; }),
    ]);
  };
  const ALL = ['/fetch', '/post', '/redirect-fetch', '/img', '/redirect-img', '/script', '/iframe', '/redirect-iframe', '/srcdoc', '/websocket', '/worker'];

  /** A page of a site on the internet, which the test itself plays; everything else goes by the gate. */
  const visit = (target: string, allow: string[], to: string): Promise<string | undefined> => withPage({ target, allow }, async (page, lease) => {
    await page.route('http://shop.test/**', (route) => {
      const url = new URL(route.request().url());
      return route.fulfill(url.pathname === '/redirect' ? { status: 302, headers: { location: url.searchParams.get('to') ?? '' } } : { contentType: 'text/html', body: '<h1>A public page</h1>' });
    });
    await page.goto('http://shop.test/');
    await page.evaluate(reach, to);
    if (target.includes('shop.test')) return lease.failureFor(new URL(to));
    await expect.poll(() => ALL.filter((path) => !hits.includes(path)), { timeout: 10_000 }).toEqual([]);
    return undefined;
  });

  it.each([
    ['by its address', '127.0.0.1', 'forbidden'],
    ['by a name that is on the list', 'staging.test', 'dns'],
    ['by a name of its own that leads into an open range', 'intruder.test', 'dns'],
  ])('%s', async (_, host, failure) => {
    for (const name of ['staging.test', 'intruder.test']) dns.names.set(name, ['127.0.0.1']);
    const to = `http://${host}:${portOf(inside)}`;
    const allow = [`127.0.0.1:${portOf(inside)}`, '127.0.0.0/8', 'staging.test'];
    expect(await visit('http://shop.test/', allow, to)).toBe(failure);
    expect(connections).toBe(0);
    await visit(`http://staging.test:${portOf(inside)}/`, allow, to);
    expect(hits.toSorted()).toEqual(ALL.toSorted());
  });
});

describe('the browser itself', () => {
  it('reaches nothing from a context that has no gate', async () => {
    const url = `http://127.0.0.1:${portOf(inside)}/`;
    const slot = await pool.acquire(AbortSignal.timeout(10_000));
    const { context, page } = await slot.openPage({}, AbortSignal.timeout(10_000));
    await expect(page.goto(url)).rejects.toThrow('ERR_PROXY_CONNECTION_FAILED');
    await context.close();
    slot.release();
    expect(connections).toBe(0);

    const unguarded = await chromium.launch({ executablePath: CHROMIUM, chromiumSandbox: false });
    open.push(unguarded);
    await (await unguarded.newPage()).goto(url);
    expect(hits).toEqual(['/']);
  });
});

import type { ServerResponse } from 'node:http';
import { RenderClientError, type RenderClient } from '@cro-analyzer/protocol/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createResolver } from '../../render-server/src/browsers/dns.ts';
import { startDnsServer, type DnsServer } from '../support/dns-server.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { startSite, testSites, unusedOrigin, type Site } from '../support/site.ts';

const DEADLINE_MS = 60_000;

let dns: DnsServer;
let site: Site;
let nobody: string;
let server: TestServer;
let client: RenderClient;

const send = (type: string, body: string | Buffer, headers: Record<string, string> = {}) => (_: unknown, response: ServerResponse): void =>
  void response.writeHead(200, { 'content-type': type, ...headers }).end(body);

beforeAll(async () => {
  dns = await startDnsServer({ 'intranet.test': ['10.0.0.1'] });
  site = await startSite({
    ...testSites(),
    '/spins-at-once': '<!doctype html><title>spin</title><script>for (;;) {}</script><h1>never</h1>',
    '/spins-later': '<!doctype html><title>spin</title><h1>Looks fine</h1><a href="/product">Buy now</a><script>addEventListener("load", () => setTimeout(() => { for (;;) {} }, 50))</script>',
    '/never-answers': () => {},
    '/answers-500': (_, response) => void response.writeHead(500, { 'content-type': 'text/html' }).end('<h1>Error</h1>'),
    '/paper.pdf': send('application/pdf', '%PDF-1.4\n%%EOF'),
    '/setup.exe': send('application/octet-stream', Buffer.alloc(4_096), { 'content-disposition': 'attachment; filename=setup.exe' }),
    '/data.json': send('application/json', '{"a":1}'),
    '/blank': send('text/html', ''),
    '/whitespace': (_, response) => void response.writeHead(200, { 'content-type': 'text/html' }).write('  '),
    '/broken.xhtml': send('application/xhtml+xml', '<html xmlns="http://www.w3.org/1999/xhtml"><body><p>Hello<br></body></html>'),
    '/not-gzip': send('text/html', 'not gzip', { 'content-encoding': 'gzip' }),
    '/moved-nowhere': (_, response) => void response.writeHead(302).end('moved'),
    '/to-private': (_, response) => void response.writeHead(302, { location: 'http://10.0.0.1/' }).end(),
  });
  nobody = await unusedOrigin();
  server = await startServer({ CRO_ALLOW_HOSTS: [site.origin, nobody].map((origin) => new URL(origin).host).join(), CRO_PAGES_PER_BROWSER: '1' }, { resolver: createResolver({ servers: [dns.address] }) });
  client = server.client();
});

afterAll(async () => {
  await server.close();
  await site.close();
  await dns.close();
});

async function failureOf(url: string): Promise<RenderClientError> {
  const thrown: unknown = await client.submit({ url, deadlineMs: DEADLINE_MS }).result.catch((error: unknown) => error);
  if (!(thrown instanceof RenderClientError)) throw new Error(`${url} did not fail: ${JSON.stringify(thrown).slice(0, 200)}`);
  return thrown;
}

describe('a page that is no page ends with its own code, and the only slot is free again', () => {
  it.each([
    ['a script that never yields', () => `${site.origin}/spins-at-once`, 'page_stuck', undefined],
    ['a script that never yields after load', () => `${site.origin}/spins-later`, 'page_stuck', undefined],
    ['one that never answers', () => `${site.origin}/never-answers`, 'page_unreachable', 'timeout'],
    ['HTTP 500', () => `${site.origin}/answers-500`, 'page_error', 'http_status'],
    ['HTTP 404', () => `${site.origin}/not-there`, 'page_error', 'http_status'],
    ['a PDF', () => `${site.origin}/paper.pdf`, 'page_error', 'not_html'],
    ['JSON', () => `${site.origin}/data.json`, 'page_error', 'not_html'],
    ['a download', () => `${site.origin}/setup.exe`, 'page_error', 'download'],
    ['a page of 0 bytes', () => `${site.origin}/blank`, 'page_error', 'empty'],
    ['whitespace without end', () => `${site.origin}/whitespace`, 'page_error', 'empty'],
    ['XHTML with a mistake', () => `${site.origin}/broken.xhtml`, 'page_error', 'not_html'],
    ['gzip that is none', () => `${site.origin}/not-gzip`, 'page_error', 'not_html'],
    ['a redirect that says not where to', () => `${site.origin}/moved-nowhere`, 'page_error', 'http_status'],
    ['an unknown host', () => 'http://no-such-host.test/', 'page_unreachable', 'dns'],
    ['an unknown host over https', () => 'https://no-such-host.test/', 'page_unreachable', 'dns'],
    ['a name that leads to a private address', () => 'http://intranet.test/', 'page_unreachable', 'dns'],
    ['a redirect to a private address', () => `${site.origin}/to-private`, 'page_unreachable', 'dns'],
    ['a private address', () => 'http://10.0.0.1/', 'forbidden_url', undefined],
    ['a port where nobody listens', () => nobody, 'page_unreachable', 'connect'],
  ])('%s', async (_, url, code, reason) => {
    const failure = await failureOf(url());
    expect({ code: failure.code, ...(reason ? { reason: failure.reason } : {}) }).toEqual({ code, ...(reason ? { reason } : {}) });
    expect(failure.retryable).toBe(false);
    expect(server.app.pool.slots).toMatchObject({ busy: 0, total: 1 });
  });

  it('of HTTP 500 is known by its status first: nothing is waited for on it', async () => {
    const job = client.submit({ url: `${site.origin}/answers-500`, wait: { selector: '#never', ms: 15_000 }, deadlineMs: DEADLINE_MS });
    const stages: string[] = [];
    for await (const event of job) if (event.type === 'progress') stages.push(event.stage);
    await expect(job.result).rejects.toMatchObject({ code: 'page_error', reason: 'http_status', message: expect.stringContaining('500') });
    expect(stages).not.toContain('capturing');
  });

  it('never tells a private address from a name that does not exist', async () => {
    const [unknown, inside] = await Promise.all([failureOf('http://no-such-host.test/'), failureOf('http://intranet.test/')]);
    expect(inside.message).toBe(unknown.message);
    expect(inside.reason).toBe(unknown.reason);
  });

  it('and a good page is analysed after all of them', async () => {
    const result = await client.submit({ url: `${site.origin}/product`, devices: ['desktop'] }).result;
    expect(result.page.status).toBe(200);
    expect(result.attempts).toBe(1);
  });
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createResolver } from '../../render-server/src/browsers/dns.ts';
import { type DnsServer, startDnsServer } from '../support/dns-server.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { startSite, unusedOrigin, type Site } from '../support/site.ts';
import { FORBIDDEN_URLS, MALFORMED_URLS, PRIVATE_HOSTS } from './private-addresses.ts';

/** What callers are told of an address that is not opened, by the whole server. */
let dns: DnsServer;
let server: TestServer;
let inside: Site;
let outside: Site;
let closed: string;

beforeAll(async () => {
  dns = await startDnsServer();
  inside = await startSite({ '/': '<h1>secret</h1>' });
  closed = await unusedOrigin();
  outside = await startSite({
    '/redirect': (request, response) => void response.writeHead(302, { location: new URL(request.url ?? '/', 'http://outside').searchParams.get('to') ?? '' }).end(),
  });
  server = await startServer({ CRO_ALLOW_HOSTS: new URL(outside.origin).host }, { resolver: createResolver({ servers: [dns.address] }) });
});
afterAll(async () => {
  await server.close();
  await Promise.all([inside.close(), outside.close(), dns.close()]);
});

async function refusalOf(url: string): Promise<string> {
  const response = await fetch(`${server.url}/v1/analyses`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ url }) });
  return ((await response.json()) as { code?: string }).code ?? 'accepted';
}

/** Addresses that are answered with something else than this code. */
async function answeredOtherwise(urls: readonly string[], code: string): Promise<string[]> {
  const answers: string[] = [];
  for (const url of urls) {
    const answer = await refusalOf(url);
    if (answer !== code) answers.push(`${url} ${answer}`);
  }
  return answers;
}

describe('an address that its own words rule out is refused before it is queued', () => {
  it.each(Object.entries(PRIVATE_HOSTS))('with forbidden_url: %s', async (_, hosts) => {
    expect(await answeredOtherwise(hosts.map((host) => `http://${host}/`), 'forbidden_url')).toEqual([]);
  });

  it('with forbidden_url: other schemes, credentials, and other ways to write', async () => {
    expect(await answeredOtherwise(FORBIDDEN_URLS, 'forbidden_url')).toEqual([]);
  });

  it('with either: hosts as people write them, without a scheme', async () => {
    for (const host of Object.values(PRIVATE_HOSTS).flat()) expect(['forbidden_url', 'bad_request']).toContain(await refusalOf(`${host}:8080/x`));
  });

  it('with bad_request: what is no address', async () => {
    expect(await answeredOtherwise(MALFORMED_URLS, 'bad_request')).toEqual([]);
  });

  it('and leaves no job behind', async () => {
    const { analyses } = (await (await fetch(`${server.url}/v1/analyses`)).json()) as { analyses: unknown[] };
    expect(analyses).toEqual([]);
    expect(inside.hits).toEqual([]);
  });
});

describe('a job whose address leads inside', () => {
  const endOf = async (url: string): Promise<unknown> => {
    const error: unknown = await server.client().submit({ url, devices: ['desktop'] }).result.then(() => 'a result', (reason: unknown) => reason);
    return error instanceof Error ? { ...error, message: error.message } : error;
  };
  const port = (): string => new URL(inside.origin).port;
  const names: Record<string, readonly string[]> = {
    'listening.test': ['127.0.0.1'], 'metadata.test': ['169.254.169.254'], 'six.test': ['::1'], 'mapped.test': ['::ffff:7f00:1'], 'mixed.test': ['93.184.216.34', '10.0.0.1'], 'empty.test': [],
  };

  it('gets the words of one whose name does not exist, whatever is behind it', { timeout: 120_000 }, async () => {
    for (const [name, answers] of Object.entries(names)) dns.names.set(name, answers);
    const nothing = await endOf('http://missing.test/');
    expect(nothing).toMatchObject({ code: 'page_unreachable', reason: 'dns' });
    const targets = [
      `http://listening.test:${port()}/`, `http://listening.test:${new URL(closed).port}/`, `https://listening.test:${port()}/`, ...Object.keys(names).map((name) => `http://${name}/`),
    ];
    for (const url of targets) expect([url, await endOf(url)]).toEqual([url, nothing]);
    const behind = ['http://missing.test/', `${inside.origin}/`, `${closed}/`, `http://listening.test:${port()}/`, 'http://169.254.169.254/', 'http://[::1]/', 'file:///etc/passwd'];
    for (const url of behind) expect([url, await endOf(`${outside.origin}/redirect?to=${encodeURIComponent(url)}`)]).toEqual([url, nothing]);
    expect(inside.hits).toEqual([]);
  });

  it('opens when the operator allows it', async () => {
    const open = await startServer({ CRO_ALLOW_HOSTS: `listening.test:${port()}` }, { resolver: createResolver({ servers: [dns.address] }) });
    try {
      await open.client().submit({ url: `http://listening.test:${port()}/`, devices: ['desktop'], analyst: 'rules' }).result;
      expect(inside.hits).toContain('/');
    } finally {
      await open.close();
    }
  });
});

import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer as createTlsServer } from 'node:https';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AllowList } from '../../render-server/src/addresses.ts';
import { createResolver, type Resolver } from '../../render-server/src/browsers/dns.ts';
import { checkWebhook } from '../../render-server/src/webhooks/check.ts';
import { selfSigned } from '../support/certificate.ts';
import { startDnsServer, type DnsServer } from '../support/dns-server.ts';
import { startFarServer } from '../support/far-server.ts';
import { forgetAddresses, haveAddresses } from '../support/own-addresses.ts';
import { answer, QUICK, SECRET, startReceiver, startSending, type Sending } from '../support/webhooks.ts';
import { FORBIDDEN_URLS, MALFORMED_URLS, PRIVATE_ADDRESSES, PRIVATE_HOSTS } from './private-addresses.ts';

const HOSTS = Object.values(PRIVATE_HOSTS).flat();
/** One attempt each. */
const ONCE = { ...QUICK, giveUpMs: 0 };

let folder: string;
let dns: DnsServer;
let resolver: Resolver;
let sending: Sending;
/** Listens on every address of this machine, and counts who comes. */
let listener: Server;
let port: number;
let heard: number;
let status: number;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cro-webhooks-'));
  dns = await startDnsServer();
  resolver = createResolver({ servers: [dns.address] });
  heard = 0;
  status = 204;
  listener = createServer((socket) => {
    heard += 1;
    socket.on('error', () => {}).end(`HTTP/1.1 ${status} Hello\r\nconnection: close\r\n\r\n`);
  });
  await new Promise<void>((resolve) => listener.listen(0, resolve));
  ({ port } = listener.address() as AddressInfo);
});

afterEach(async () => {
  forgetAddresses();
  await sending?.stop();
  listener.close();
  await dns.close();
  await rm(folder, { recursive: true, force: true });
});

/** What became of webhooks with these addresses: each word once. */
async function outcomes(urls: readonly string[]): Promise<Set<string>> {
  const found = new Set<string>();
  for (const [index, url] of urls.entries()) {
    await sending.add(`job_${index}`, url, { owner: `owner ${index}` });
    const { state, attempts } = await sending.settled(`job_${index}`);
    found.add([state, attempts.at(-1)?.status, attempts.at(-1)?.error].filter(Boolean).join(' '));
  }
  return found;
}

describe('a webhook to a private address', () => {
  it(`is refused when its job is submitted: ${HOSTS.length + FORBIDDEN_URLS.length + MALFORMED_URLS.length} forms`, () => {
    const none = AllowList.parse([]);
    for (const host of HOSTS) {
      expect(() => checkWebhook({ url: `http://${host}:${port}/`, secret: SECRET }, none), host).toThrow(expect.objectContaining({ code: 'forbidden_url' }));
    }
    for (const url of FORBIDDEN_URLS) expect(() => checkWebhook({ url, secret: SECRET }, none), url).toThrow(expect.objectContaining({ code: 'forbidden_url' }));
    for (const url of MALFORMED_URLS) expect(() => checkWebhook({ url, secret: SECRET }, none), url).toThrow(expect.objectContaining({ code: 'bad_request' }));
  });

  it('is refused again when it is sent, whatever was stored', async () => {
    sending = await startSending(folder, { allow: [], resolver, schedule: ONCE });
    expect(await outcomes([...HOSTS.map((host) => `http://${host}:${port}/`), ...FORBIDDEN_URLS, ...MALFORMED_URLS])).toEqual(new Set(['failed dns']));
    expect(heard).toBe(0);
  });

  it(`is refused when a name leads to it: ${PRIVATE_ADDRESSES.length} answers, alone and beside a public one`, async () => {
    sending = await startSending(folder, { allow: [], resolver, schedule: ONCE });
    const urls = PRIVATE_ADDRESSES.flatMap((address, index) => {
      const other = address.includes(':') ? '2606:4700::1111' : '93.184.216.34';
      dns.names.set(`alone${index}.test`, [address]);
      dns.names.set(`before${index}.test`, [address, other]);
      dns.names.set(`after${index}.test`, [other, address]);
      return ['alone', 'before', 'after'].map((name) => `http://${name}${index}.test:${port}/`);
    });
    expect(await outcomes(urls)).toEqual(new Set(['failed dns']));
    expect(heard).toBe(0);
  });

  it('is refused when it is an address of this machine, public though it is', async () => {
    haveAddresses('93.184.216.34');
    dns.names.set('self.test', ['93.184.216.34']);
    sending = await startSending(folder, { allow: [], resolver, schedule: ONCE });
    expect(await outcomes([`http://93.184.216.34:${port}/`, `http://self.test:${port}/`])).toEqual(new Set(['failed dns']));
  });

  it('looks in the log like one whose name does not exist', async () => {
    dns.names.set('inside.test', ['10.0.0.1']);
    sending = await startSending(folder, { allow: [], resolver, schedule: ONCE });
    await sending.add('job_inside', `http://inside.test:${port}/`);
    await sending.add('job_nowhere', `http://no-such-host.test:${port}/`);
    const [inside, nowhere] = [await sending.settled('job_inside'), await sending.settled('job_nowhere')];
    const shown = ({ attempts }: typeof inside): unknown[] => attempts.map(({ at: _at, ms: _ms, ...rest }) => rest);
    expect(shown(inside)).toEqual(shown(nowhere));
  });

  it('control: reaches it by number and by name when the operator allows it for webhooks', async () => {
    dns.names.set('inside.test', ['127.0.0.1']);
    sending = await startSending(folder, { allow: ['127.0.0.0/8', '::1'], resolver, schedule: ONCE });
    const urls = ['127.0.0.1', '2130706433', '0x7f.1', '127。0。0。1', '[::1]', 'inside.test'].map((host) => `http://${host}:${port}/`);
    expect(await outcomes(urls)).toEqual(new Set(['delivered 204']));
    expect(heard).toBe(urls.length);
  });
});

describe('a name that changes its answer', () => {
  it('between two attempts is looked at anew, and what is private now is not reached', async () => {
    dns.names.set('rebinding.test', ['127.0.0.2']); // as good as public: the operator allows it
    const expired: Resolver = { resolve: (name, options) => createResolver({ servers: [dns.address] }).resolve(name, options) };
    sending = await startSending(folder, { allow: ['127.0.0.2'], resolver: expired, schedule: { ...QUICK, pausesMs: [0, 60_000] } });
    listener.on('connection', () => dns.names.set('rebinding.test', ['127.0.0.1']));
    status = 500;
    const first = sending.nextNote();
    await sending.add('job_1', `http://rebinding.test:${port}/`);
    expect(await first).toMatchObject({ attempt: { status: 500 } });
    expect(await sending.nextNote()).toMatchObject({ attempt: { error: 'dns' } });
    expect(heard).toBe(1);
  });

  it('between the check and the call is not asked again', async () => {
    dns.names.set('once.test', ['127.0.0.1']);
    sending = await startSending(folder, { allow: ['127.0.0.1'], resolver, schedule: ONCE });
    expect(await outcomes([`http://once.test:${port}/`])).toEqual(new Set(['delivered 204']));
    expect(dns.questions.toSorted()).toEqual(['A once.test', 'AAAA once.test']);
  });
});

describe('a receiver that may be reached', () => {
  it.each([301, 302, 303, 307, 308])('cannot send the message on to a private address with %i', async (code) => {
    const receiver = await startReceiver([answer(code, { location: `http://127.0.0.1:${port}/` })]);
    sending = await startSending(folder, { allow: [new URL(receiver.url).host], resolver, schedule: ONCE });
    expect(await outcomes([receiver.url])).toEqual(new Set([`failed ${code} redirect`]));
    expect(heard).toBe(0);
    await receiver.close();
  });

  it('gets its message when it is slow to take a connection, also when its name has an address that leads nowhere', async () => {
    const far = await startFarServer();
    dns.names.set('far.test', ['127.0.0.1', '::1']);
    sending = await startSending(folder, { allow: ['far.test'], resolver, schedule: ONCE });
    expect(await outcomes([`http://far.test:${far.port}/`])).toEqual(new Set(['delivered 200']));
    await far.close();
  });

  it('must prove its name: a certificate of another name, or of nobody known, gets no message', async () => {
    const [known, unknown] = [selfSigned('known.test'), selfSigned('unknown.test')];
    const authorities = getCACertificates('default');
    setDefaultCACertificates([...authorities, known.cert]);
    const arrived: string[] = [];
    const servers = [known, unknown].map((options) => createTlsServer(options, (request, response) => {
      arrived.push(String(request.headers.host));
      response.writeHead(204).end();
    }));
    try {
      for (const server of servers) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const [first, second] = servers.map((server) => (server.address() as AddressInfo).port);
      for (const name of ['known.test', 'other.test', 'unknown.test']) dns.names.set(name, ['127.0.0.1']);
      sending = await startSending(folder, { resolver, schedule: ONCE });
      expect(await outcomes([`https://other.test:${first}/`, `https://127.0.0.1:${first}/`, `https://unknown.test:${second}/`])).toEqual(new Set(['failed tls']));
      expect(arrived).toEqual([]);
      await sending.add('job_known', `https://known.test:${first}/`);
      expect(await sending.settled('job_known')).toMatchObject({ state: 'delivered' });
      expect(arrived).toEqual([`known.test:${first}`]);
    } finally {
      setDefaultCACertificates(authorities);
      for (const server of servers) server.close();
    }
  });

  it('is called directly, also where the environment tells Node to use a proxy', async () => {
    const receiver = await startReceiver();
    sending = await startSending(folder);
    const source = new URL('../../render-server/src/', import.meta.url);
    const script = `
      import http from 'node:http';
      import { AllowList } from '${source}addresses.ts';
      import { createResolver } from '${source}browsers/dns.ts';
      import { post } from '${source}webhooks/post.ts';
      const egress = { allow: AllowList.parse(['127.0.0.1']), resolver: createResolver() };
      console.log(JSON.stringify(await post('${receiver.url}', { headers: {}, body: '' }, egress, AbortSignal.timeout(5_000))));
      await new Promise((resolve) => http.get('${receiver.url}', (response) => response.resume().on('end', resolve)).on('error', resolve));`;
    const env = { PATH: process.env.PATH, NODE_USE_ENV_PROXY: '1', HTTP_PROXY: `http://127.0.0.1:${port}`, http_proxy: `http://127.0.0.1:${port}` };
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], { env, timeout: 20_000 });
    expect(JSON.parse(stdout)).toEqual({ status: 204 });
    expect(receiver.received).toHaveLength(1);
    expect(heard).toBe(1); // control: Node's own way, afterwards
    await receiver.close();
  });
});

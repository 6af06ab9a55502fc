import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AllowList } from '../../render-server/src/addresses.ts';
import { createResolver, type Resolver } from '../../render-server/src/browsers/dns.ts';
import { type EgressGate, type GateOptions, openGate } from '../../render-server/src/browsers/egress.ts';
import { type DnsServer, startDnsServer } from '../support/dns-server.ts';
import { startFarServer } from '../support/far-server.ts';
import { forgetAddresses, haveAddresses } from '../support/own-addresses.ts';

/** A name of this machine that no DNS server knows. */
const hostsFileName = readHostsFile().find((name) => !name.includes('localhost'));

function readHostsFile(): string[] {
  if (!existsSync('/etc/hosts')) return [];
  const lines = readFileSync('/etc/hosts', 'utf8').split('\n').map((line) => line.replace(/#.*/, '').trim());
  return lines.flatMap((line) => line.split(/\s+/).slice(1));
}

let dns: DnsServer;
let resolver: Resolver;
let site: http.Server;
let port: number;
let hits: string[];
const gates: EgressGate[] = [];

beforeEach(async () => {
  dns = await startDnsServer();
  resolver = createResolver({ servers: [dns.address] });
  hits = [];
  site = http.createServer((request, response) => {
    hits.push(`${request.headers.host} ${request.url}`);
    if (request.url === '/hang-up') request.socket.destroy();
    else if (request.url === '/big') response.end(Buffer.alloc(1024 * 1024));
    else if (request.url === '/half') response.writeHead(200, { 'content-length': 9 }).write('half');
    else if (request.url === '/never') return;
    else if (request.url === '/silent') response.writeHead(200).flushHeaders();
    else response.end(`hello ${request.headers.host}`);
  });
  site.listen(0, '127.0.0.1');
  await once(site, 'listening');
  port = (site.address() as net.AddressInfo).port;
});

afterEach(async () => {
  vi.useRealTimers();
  forgetAddresses();
  await Promise.all(gates.splice(0).map((gate) => gate.close()));
  site.closeAllConnections();
  await Promise.all([dns.close(), new Promise((resolve) => { site.close(resolve); })]);
});

async function open(target: string, allow: string[], more: Partial<GateOptions> = {}): Promise<EgressGate> {
  const gate = await openGate({ target: new URL(target), allow: AllowList.parse(allow), resolver, ...more });
  gates.push(gate);
  return gate;
}

const at = (host: string, on = port): URL => new URL(`http://${host}:${on}/`);

/** Asks the proxy for a plain http page, as Chromium does. */
async function get(gate: EgressGate, url: string): Promise<{ status: number; body: string }> {
  const request = http.get({ host: '127.0.0.1', port: new URL(gate.proxyUrl).port, path: url, headers: { host: new URL(url).host }, agent: false });
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  let body = '';
  for await (const chunk of response) body += String(chunk);
  return { status: response.statusCode ?? 0, body };
}

/** Asks the proxy for a tunnel; the socket is ready for the far end's own protocol when the status is 200. */
async function tunnel(gate: EgressGate, authority: string): Promise<{ status: number; socket: net.Socket }> {
  const request = http.request({ host: '127.0.0.1', port: new URL(gate.proxyUrl).port, method: 'CONNECT', path: authority, agent: false });
  request.end();
  const [response, socket] = (await once(request, 'connect')) as [http.IncomingMessage, net.Socket];
  return { status: response.statusCode ?? 0, socket: socket.on('error', () => undefined) };
}

describe('what a gate lets through', () => {
  it('forwards plain http to an allowed address', async () => {
    const gate = await open(`http://127.0.0.1:${port}/`, [`127.0.0.1:${port}`]);
    expect(await get(gate, `http://127.0.0.1:${port}/a`)).toEqual({ status: 200, body: `hello 127.0.0.1:${port}` });
    expect(gate.failureFor(at('127.0.0.1'))).toBeUndefined();
  });

  it('tunnels bytes as they are, to the address that the name resolved to', async () => {
    dns.names.set('staging.test', ['127.0.0.1']);
    const gate = await open('https://staging.test/', ['staging.test']);
    const { status, socket } = await tunnel(gate, `staging.test:${port}`);
    expect(status).toBe(200);
    socket.end('GET /raw HTTP/1.1\r\nhost: anything\r\nconnection: close\r\n\r\n');
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    expect(text).toContain('hello anything');
    expect(hits).toEqual(['anything /raw']);
  });

  it('opens an allowed range for a target inside it, and for nothing outside it', async () => {
    dns.names.set('in.test', ['127.0.0.1']);
    dns.names.set('mixed.test', ['127.0.0.1', '127.0.0.9']);
    const gate = await open(`http://in.test:${port}/`, ['127.0.0.1/32']);
    expect((await get(gate, `http://in.test:${port}/`)).status).toBe(200);
    expect((await get(gate, `http://mixed.test:${port}/`)).status).toBe(502);
    expect(gate.failureFor(at('mixed.test'))).toBe('dns');
  });

  it('reaches a server that is slow to take a connection, also when its name has an address that leads nowhere', async () => {
    const far = await startFarServer();
    dns.names.set('far.test', ['127.0.0.1', '::1']);
    const gate = await open(`http://far.test:${far.port}/`, ['far.test']);
    expect(await get(gate, `http://far.test:${far.port}/`)).toEqual({ status: 200, body: 'hi' });
    expect(gate.failureFor(at('far.test', far.port))).toBeUndefined();
    await far.close();
  });

  it.skipIf(hostsFileName === undefined)('finds an allowed host that stands in the hosts file alone', async () => {
    const name = hostsFileName ?? '';
    await expect(resolver.resolve(name)).rejects.toThrow();
    const gate = await open(`http://${name}:${port}/`, [name]);
    await get(gate, `http://${name}:${port}/`);
    expect(gate.failureFor(at(name))).not.toBe('dns');
  });
});

describe('an answer over plain http', () => {
  const head = (bytes: number): string => Array.from({ length: Math.ceil(bytes / 1_000) }, (_, index) => `x-${index}: ${'a'.repeat(1_000)}\r\n`).join('');
  let asked: string;

  /** Asks a site that answers these bytes; gives status, reason and all that follows the head. */
  async function ask(answer: string, request = ''): Promise<{ status: number; reason: string; head: string; body: string; failure: unknown }> {
    asked = '';
    const raw = net.createServer((socket) => {
      socket.on('error', () => undefined).on('data', (chunk) => {
        asked += String(chunk);
        if (asked.endsWith('\r\n\r\n')) socket.write(answer, 'latin1');
      });
    }).listen(0, '127.0.0.1');
    await once(raw, 'listening');
    const authority = `127.0.0.1:${(raw.address() as net.AddressInfo).port}`;
    const gate = await open(`http://${authority}/`, ['127.0.0.1']);
    const socket = net.connect(Number(new URL(gate.proxyUrl).port), '127.0.0.1');
    socket.setEncoding('latin1').write(`GET http://${authority}/ HTTP/1.1\r\nhost: ${authority}\r\nconnection: close\r\n${request}\r\n`);
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    const [, status, reason = ''] = /^HTTP\/1\.1 (\d+) ?(.*)\r\n/.exec(text) ?? [];
    const end = text.indexOf('\r\n\r\n');
    raw.close();
    return { status: Number(status), reason, head: text.slice(0, end), body: text.slice(end + 4), failure: gate.failureFor(new URL(`http://${authority}/`)) };
  }

  it('may have a head of 200 kB, and so may the request', async () => {
    const { status, head: handed, body } = await ask(`HTTP/1.1 200 OK\r\n${head(200_000)}content-length: 2\r\n\r\nhi`, `cookie: ${'c=1; '.repeat(40_000)}\r\n`);
    expect([status, body]).toEqual([200, 'hi']);
    expect(handed).toContain('x-199: aaa');
    expect(asked).toContain('c=1; '.repeat(40_000).trim());
  });

  it('keeps the headers of its site, each as often as it was sent, and hands none on that concern the connection', async () => {
    const { head: handed } = await ask('HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nkeep-alive: timeout=9\r\nupgrade: x\r\nx-latin: tr\u00e8s\r\ncontent-length: 2\r\n\r\nhi', 'proxy-connection: keep-alive\r\n');
    expect(handed).toMatch(/Set-Cookie: a=1\r\nset-cookie: b=2\r\nx-latin: tr\u00e8s/);
    expect(handed).not.toMatch(/timeout=9|upgrade/);
    expect(asked).not.toMatch(/proxy-connection/i);
  });

  it('is handed on without the odd bytes of its reason phrase', async () => {
    expect(await ask('HTTP/1.1 200 Tr\u00e8s \u0001bien\r\ncontent-length: 2\r\n\r\nhi')).toMatchObject({ status: 200, reason: 'Tr\u00e8s bien', body: 'hi' });
  });

  it.each([
    ['an upgrade that nobody asked for', 'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'],
    ['the words of a proxy', 'HTTP/1.1 407 No\r\ncontent-length: 2\r\n\r\nhi'],
    ['a status that does not exist', 'HTTP/1.1 099 Low\r\ncontent-length: 2\r\n\r\nhi'],
    ['a body whose length is told twice', 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n6\r\nhello!\r\n0\r\n\r\n'],
    ['a head without end', `HTTP/1.1 200 OK\r\n${head(300_000)}`],
    ['what is not http', 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
  ])('is none when it is %s: the browser is told at once, and so is the job', async (_, answer) => {
    expect(await ask(answer)).toMatchObject({ status: 502, body: 'Not reachable', failure: 'connect' });
  });

  it('that breaks off is not made to look whole', async () => {
    site.on('request', (request, response) => { if (request.url === '/half') setImmediate(() => response.destroy()); });
    const gate = await open(`http://127.0.0.1:${port}/`, ['127.0.0.1']);
    await expect(get(gate, `http://127.0.0.1:${port}/half`)).rejects.toThrow('aborted');
    expect(gate.failureFor(at('127.0.0.1'))).toBeUndefined();
  });

  it('that the page does not wait for is no fault of its site', async () => {
    const gate = await open(`http://127.0.0.1:${port}/`, ['127.0.0.1']);
    const request = http.get({ host: '127.0.0.1', port: new URL(gate.proxyUrl).port, path: `http://127.0.0.1:${port}/never`, headers: { host: 'x' }, agent: false }).on('error', () => undefined);
    const [, far] = (await once(site, 'request')) as [http.IncomingMessage, http.ServerResponse];
    request.destroy();
    await once(far, 'close');
    expect((await get(gate, `http://127.0.0.1:${port}/`)).status).toBe(200);
    expect(gate.failureFor(at('127.0.0.1'))).toBeUndefined();
  });
});

describe('what a gate refuses', () => {
  it.each(['127.0.0.1', '[::1]', '[::ffff:127.0.0.1]', '0x7f.1', '2130706433', '0.0.0.0', '169.254.169.254'])(
    'does not dial the literal %s, over http or in a tunnel', async (host) => {
      const gate = await open('https://public.test/', []);
      expect((await get(gate, `http://${host}:${port}/`)).status).toBe(502);
      expect((await tunnel(gate, `${host}:${port}`)).status).toBe(502);
      expect(gate.failureFor(at(host))).toBe('forbidden');
      expect(hits).toEqual([]);
    });

  it.each([['127.0.0.1'], ['8.8.8.8', '127.0.0.1'], ['2606:4700::1111', '::1'], ['::ffff:127.0.0.1'], ['10.0.0.1']])(
    'makes a name that leads to %s %s look like one that does not resolve', async (...answers) => {
      dns.names.set('inward.test', answers.filter((answer) => answer !== undefined));
      const gate = await open('https://public.test/', []);
      expect((await tunnel(gate, `inward.test:${port}`)).status).toBe(502);
      expect(gate.failureFor(at('inward.test'))).toBe('dns');
      expect(gate.failureFor(at('INWARD.test.'))).toBe('dns');
      expect(hits).toEqual([]);
    });

  it('does not dial an address of this machine, by number or by name, public though it is', async () => {
    haveAddresses('93.184.216.34', '2606:2800:220:1::1');
    dns.names.set('self.test', ['93.184.216.34']);
    dns.names.set('beside.test', ['8.8.8.8', '2606:2800:220:1::1']);
    const gate = await open('https://public.test/', []);
    for (const [host, failure] of [['93.184.216.34', 'forbidden'], ['[2606:2800:220:1:0::1]', 'forbidden'], ['self.test', 'dns'], ['beside.test', 'dns']] as const) {
      expect((await get(gate, `http://${host}:${port}/`)).status).toBe(502);
      expect((await tunnel(gate, `${host}:${port}`)).status).toBe(502);
      expect(gate.failureFor(at(host))).toBe(failure);
    }
  });

  it('answers all that is inside, or is nowhere, in the same words', async () => {
    dns.names.set('inward.test', ['127.0.0.1']);
    dns.names.set('staging.test', ['127.0.0.1']);
    const gate = await open('https://public.test/', ['staging.test', `127.0.0.2:${port}`]);
    const closed = net.createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const spare = (closed.address() as net.AddressInfo).port;
    await new Promise((resolve) => { closed.close(resolve); });
    /** All that the gate says, but for the time of day. */
    const said = async (first: string): Promise<string> => {
      const socket = net.connect(Number(new URL(gate.proxyUrl).port), '127.0.0.1');
      socket.write(`${first} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
      let text = '';
      for await (const chunk of socket) text += String(chunk);
      return text.replace(/^date: .*\r\n/im, '');
    };
    const hosts = ['missing.test', 'inward.test', 'staging.test', '127.0.0.1', '127.0.0.2', '10.0.0.1', '[::1]', 'localhost'];
    for (const on of [port, spare]) {
      for (const host of hosts) {
        expect(await said(`GET http://${host}:${on}/`)).toBe(await said('GET http://missing.test/'));
        expect(await said(`CONNECT ${host}:${on}`)).toBe(await said('CONNECT missing.test:443'));
      }
    }
    expect(hits).toEqual([]);
  });

  it.each(['localhost', 'a.localhost', 'localhost.'])('knows %s without asking DNS', async (name) => {
    const gate = await open('https://public.test/', []);
    dns.questions.length = 0;
    expect((await tunnel(gate, `${name}:${port}`)).status).toBe(502);
    expect(gate.failureFor(at(name))).toBe('dns');
    expect(dns.questions).toEqual([]);
  });

  it('keeps an allowed host from a job whose own target is not allowed', async () => {
    const allow = [`127.0.0.1:${port}`, 'staging.test', '127.0.0.0/8'];
    dns.names.set('staging.test', ['127.0.0.1']);
    const gate = await open('https://public.test/', allow);
    expect((await get(gate, `http://127.0.0.1:${port}/`)).status).toBe(502);
    expect((await get(gate, `http://staging.test:${port}/`)).status).toBe(502);
    expect(hits).toEqual([]);
    expect((await get(await open('http://staging.test/', allow), `http://staging.test:${port}/`)).status).toBe(200);
  });

  it('checks a name again when its answer has run out, and dials nothing unchecked in between', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    dns.names.set('rebind.test', ['127.0.0.1']);
    const gate = await open(`http://rebind.test:${port}/`, ['127.0.0.1/32']);
    expect((await get(gate, `http://rebind.test:${port}/1`)).status).toBe(200);
    dns.names.set('rebind.test', ['127.0.0.2']);
    expect((await get(gate, `http://rebind.test:${port}/2`)).status).toBe(200);
    vi.setSystemTime(Date.now() + 11_000);
    expect((await get(gate, `http://rebind.test:${port}/3`)).status).toBe(502);
    expect(gate.failureFor(at('rebind.test'))).toBe('dns');
    expect(hits.map((hit) => hit.split(' ')[1])).toEqual(['/1', '/2']);
  });

  it('refuses a target whose name moves out of the allowed range during the job, so that nobody is let in through it', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    dns.names.set('moving.test', ['127.0.0.1']);
    const gate = await open(`http://moving.test:${port}/`, ['127.0.0.1/32']);
    expect((await get(gate, `http://moving.test:${port}/1`)).status).toBe(200);
    dns.names.set('moving.test', ['93.184.216.34']);
    vi.setSystemTime(Date.now() + 11_000);
    expect((await get(gate, `http://moving.test:${port}/2`)).status).toBe(502);
    expect(gate.failureFor(at('moving.test'))).toBe('dns');
  });

  it.each(['a%zz', ':%zz', '%zz:%zz', 'user', ':secret', 'user:secret'])('refuses the user info %s instead of dying of it', async (userInfo) => {
    const gate = await open('http://127.0.0.1/', ['127.0.0.1']);
    expect((await get(gate, `http://${userInfo}@127.0.0.1:${port}/`)).status).toBe(502);
    expect(hits).toEqual([]);
  });

  it('stops at the request limit, over http and in tunnels, lets what is under way go on, and says so', async () => {
    const gate = await open(`http://127.0.0.1:${port}/`, ['127.0.0.1'], { limits: { bytes: 1_000_000, sent: 1_000_000, requests: 10 } });
    const { socket } = await tunnel(gate, `127.0.0.1:${port}`);
    for (let index = 0; index < 9; index += 1) expect((await get(gate, `http://127.0.0.1:${port}/`)).status).toBe(200);
    expect(gate.usedUp()).toBeUndefined();
    expect((await get(gate, `http://127.0.0.1:${port}/`)).status).toBe(502);
    expect((await tunnel(gate, `127.0.0.1:${port}`)).status).toBe(502);
    expect(gate.usedUp()).toBe('requests');
    expect(gate.failureFor(at('127.0.0.1'))).toBe('too_large');
    expect(hits).toHaveLength(9);
    socket.write('GET /late HTTP/1.1\r\nhost: x\r\n\r\n');
    await once(socket, 'data');
    expect(hits.at(-1)).toBe('x /late');
  });

  it('stops at the byte limit and says so', async () => {
    const gate = await open(`http://127.0.0.1:${port}/`, ['127.0.0.1'], { limits: { bytes: 100_000, sent: 1_000_000, requests: 100 } });
    await expect(get(gate, `http://127.0.0.1:${port}/big`)).rejects.toThrow();
    expect(gate.failureFor(at('127.0.0.1'))).toBe('too_large');
    expect(gate.usedUp()).toBe('bytes');
    expect((await get(gate, `http://127.0.0.1:${port}/`)).status).toBe(502);
  });
});

describe('what a page sends', () => {
  const limits = { bytes: 1_000_000, sent: 100_000, requests: 100 };
  const ask = (gate: EgressGate, options: http.RequestOptions): http.ClientRequest => http.request({ host: '127.0.0.1', port: new URL(gate.proxyUrl).port, path: `http://127.0.0.1:${port}/`, agent: false, ...options, headers: { host: 'x', ...options.headers } });

  it('is counted in the bodies of plain requests', async () => {
    const gate = await open(`http://127.0.0.1:${port}/`, ['127.0.0.1'], { limits });
    const upload = ask(gate, { method: 'POST', path: `http://127.0.0.1:${port}/never`, headers: { 'content-length': 300_000 } }).on('error', () => undefined);
    const arrived = once(site, 'request') as Promise<[http.IncomingMessage]>;
    upload.write(Buffer.alloc(50_000));
    const [far] = await arrived;
    const ended = new Promise((resolve) => { far.resume().on('error', () => undefined).once('close', resolve); });
    expect(gate.usedUp()).toBeUndefined();
    upload.end(Buffer.alloc(250_000));
    await ended;
    expect(far.complete).toBe(false);
    expect(gate.usedUp()).toBe('sent');
    expect(gate.failureFor(at('127.0.0.1'))).toBe('too_large');
  });

  it('is counted in their heads', async () => {
    const gate = await open(`http://127.0.0.1:${port}/`, ['127.0.0.1'], { limits });
    const statuses: unknown[] = [];
    Object.assign(site, { maxHeaderSize: 100_000 });
    for (let index = 0; index < 3; index += 1) {
      const [response] = (await once(ask(gate, { headers: { cookie: 'a'.repeat(40_000) } }).end(), 'response')) as [http.IncomingMessage];
      statuses.push(response.resume().statusCode);
    }
    expect(statuses).toEqual([200, 200, 502]);
    expect(gate.usedUp()).toBe('sent');
  });

  it('is counted in tunnels, also when there are too many requests already', async () => {
    const gate = await open(`http://127.0.0.1:${port}/`, ['127.0.0.1'], { limits: { ...limits, requests: 1 } });
    const { status, socket } = await tunnel(gate, `127.0.0.1:${port}`);
    expect(status).toBe(200);
    expect((await get(gate, `http://127.0.0.1:${port}/`)).status).toBe(502);
    expect(gate.usedUp()).toBe('requests');
    const ended = once(socket.resume(), 'close');
    socket.write(`POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 300000\r\n\r\n${'a'.repeat(150_000)}`);
    await ended;
    expect(gate.failureFor(at('127.0.0.1'))).toBe('too_large');
  });

  it('need not be read to its end: the connection serves the next request', async () => {
    const hasty = net.createServer((socket) => socket.on('error', () => undefined).once('data', () => socket.pause().write('HTTP/1.1 413 Too much\r\ncontent-length: 0\r\n\r\n'))).listen(0, '127.0.0.1');
    await once(hasty, 'listening');
    const gate = await open(`http://127.0.0.1:${port}/`, ['127.0.0.1']);
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const upload = ask(gate, { agent, method: 'POST', path: `http://127.0.0.1:${(hasty.address() as net.AddressInfo).port}/` }).end(Buffer.alloc(30_000_000));
    const [first] = (await once(upload, 'response')) as [http.IncomingMessage];
    expect(first.resume().statusCode).toBe(413);
    const [second] = (await once(ask(gate, { agent }).end(), 'response')) as [http.IncomingMessage];
    expect(second.resume().statusCode).toBe(200);
    agent.destroy();
    hasty.close();
  });
});

describe('how a gate reports what it could not reach', () => {
  it('tells an unknown name, a closed port and a server that hangs up apart from answers of the page', async () => {
    const spare = net.createServer().listen(0, '127.0.0.1');
    await once(spare, 'listening');
    const closed = (spare.address() as net.AddressInfo).port;
    await new Promise((resolve) => { spare.close(resolve); });

    const gate = await open('http://127.0.0.1/', ['127.0.0.1', '127.0.0.2', '127.0.0.3']);
    expect((await get(gate, 'http://missing.test/')).status).toBe(502);
    expect(gate.failureFor(at('missing.test', 80))).toBe('dns');
    expect((await tunnel(gate, `127.0.0.1:${closed}`)).status).toBe(502);
    expect(gate.failureFor(at('127.0.0.1', closed))).toBe('connect');
    expect((await get(gate, `http://127.0.0.2:${closed}/`)).status).toBeGreaterThanOrEqual(500);
    expect(gate.failureFor(at('127.0.0.2', closed))).toBe('connect');

    const own = await open('http://127.0.0.1/', ['127.0.0.1']);
    expect((await get(own, `http://127.0.0.1:${port}/hang-up`)).status).toBeGreaterThanOrEqual(500);
    expect(own.failureFor(at('127.0.0.1'))).toBe('connect');
  });
});

describe('how a gate ends', () => {
  it('destroys tunnels and requests under way, also towards a server that never hangs up', async () => {
    const gate = await open('http://127.0.0.1/', ['127.0.0.1']);
    const mute = net.createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
    await once(mute, 'listening');
    const accepted = once(mute, 'connection');
    const { socket } = await tunnel(gate, `127.0.0.1:${(mute.address() as net.AddressInfo).port}`);
    const [far] = (await accepted) as [net.Socket];
    far.on('error', () => undefined).resume();
    const stuck = get(gate, `http://127.0.0.1:${port}/silent`);
    stuck.catch(() => undefined);
    await once(site, 'request');

    const ends = Promise.all([once(socket.resume(), 'close'), once(far, 'end')]);
    await Promise.all([gate.close(), gate.close()]);
    await ends;
    await expect(stuck).rejects.toThrow();
    await expect(get(gate, 'http://127.0.0.1/')).rejects.toThrow('ECONNREFUSED');
    far.destroy();
    mute.close();
  });
});

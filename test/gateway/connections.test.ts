import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { SOCKET_PATH } from '@cro-analyzer/protocol/codec';
import { createRoutes, type RouteOptions } from '../../render-server/src/gateway/routes.ts';
import { listenNode } from '../../render-server/src/gateway/transport/node.ts';
import { answerOf, openTcp } from '../support/raw-connection.ts';
import { RawSocket } from '../support/raw-socket.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { startSite, type Site } from '../support/site.ts';

/** What the server takes of plain connections: of one address, and of all but for probes. */
const PER_ADDRESS = 256;
const TOTAL = 512;

let site: Site;
let server: TestServer;
let started: TestServer | undefined;
const opened: Socket[] = [];
beforeAll(async () => { site = await startSite({ '/hang': () => {} }); });
afterAll(() => site.close());
afterEach(async () => {
  for (const socket of opened.splice(0)) socket.destroy();
  await started?.close();
  started = undefined;
});

async function start(env: Record<string, string>): Promise<void> {
  server = started = await startServer(env);
}

async function silent(url: string, count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  for (let n = 0; n < count; n += 1) sockets.push(await openTcp(url));
  opened.push(...sockets);
  return sockets;
}

const closedOf = (sockets: Socket[]): number => sockets.filter(({ closed }) => closed).length;
const status = async (path: string): Promise<number> => (await fetch(server.url + path)).status;

describe('connections that ask for nothing', () => {
  it('leave room for probes and sessions, also of their own address: the oldest of them are closed', async () => {
    await start({ CRO_LIMITS_TOTAL: 'sessions=1' });
    const sockets = await silent(server.url, PER_ADDRESS + 100);
    expect(await status('/healthz')).toBe(200);
    (await RawSocket.hello(server.url)).close();
    await expect.poll(() => closedOf(sockets)).toBeGreaterThanOrEqual(100);
    expect(closedOf(sockets.slice(-PER_ADDRESS / 2))).toBe(0);
  });

  it('may be more behind a reverse proxy that is trusted, up to those of all', async () => {
    await start({ CRO_TRUSTED_PROXIES: '127.0.0.1' });
    const sockets = await silent(server.url, PER_ADDRESS + 50);
    expect(await status('/healthz')).toBe(200);
    expect(closedOf(sockets)).toBe(0);
    sockets.push(...await silent(server.url, TOTAL - PER_ADDRESS));
    expect(await status('/healthz')).toBe(200);
    await expect.poll(() => closedOf(sockets)).toBeGreaterThanOrEqual(50);
  });
});

describe('requests that are held open', () => {
  /** How a stream of a job's events is answered, and the call that ends it. */
  async function follow(job: string): Promise<{ answer: IncomingMessage; end(): void }> {
    const request = get(`${server.url}/v1/analyses/${job}/events`).on('error', () => {});
    const [answer] = await once(request, 'response') as [IncomingMessage];
    answer.on('error', () => {}).resume();
    return { answer, end: () => request.destroy() };
  }
  const submit = (headers: Record<string, string> = {}): Promise<Response> => fetch(`${server.url}/v1/analyses`, {
    method: 'POST', body: JSON.stringify({ url: `${site.origin}/hang` }), headers: { 'content-type': 'application/json', ...headers },
  });
  const connects = (): Promise<boolean> => RawSocket.hello(server.url).then((socket) => { socket.close(); return true; }, () => false);

  it.each(['CRO_LIMITS_TOTAL', 'CRO_LIMITS_PER_IP', 'CRO_LIMITS_PER_KEY'])('count as sessions: streams of events, by %s', async (variable) => {
    await start({ [variable]: 'sessions=1' });
    const { id } = await (await submit()).json() as { id: string };
    const first = await follow(id);
    expect(first.answer.statusCode).toBe(200);
    const { answer: second } = await follow(id);
    expect([429, 503]).toContain(second.statusCode);
    expect(second.headers).toMatchObject({ 'content-type': 'application/problem+json', 'retry-after': '5' });
    expect(await connects()).toBe(false);
    first.end();
    await expect.poll(() => follow(id).then(({ answer, end }) => { end(); return answer.statusCode; })).toBe(200);
    await expect.poll(connects).toBe(true);
  });

  it('are over when a job cannot be followed, with a frame that says so, and leave their place', async () => {
    await start({ CRO_LIMITS_TOTAL: 'sessions=1' });
    const { id } = await (await submit()).json() as { id: string };
    vi.spyOn(server.app.jobs, 'watch').mockRejectedValueOnce(new Error('the store cannot be read'));
    const text = await (await fetch(`${server.url}/v1/analyses/${id}/events`)).text();
    expect(JSON.parse(text.replace('data: ', ''))).toMatchObject({ type: 'rejected', job: id, error: { code: 'internal' } });
    await expect.poll(connects).toBe(true);
  });

  it('count as sessions: submits that wait for the end, which are answered at once where there is no room', async () => {
    await start({ CRO_LIMITS_PER_IP: 'sessions=1' });
    const before = site.hits.length;
    const waiting = submit({ prefer: 'wait=60' });
    await expect.poll(() => site.hits.length, { timeout: 10_000 }).toBeGreaterThan(before);
    expect(await connects()).toBe(false);
    expect((await submit({ prefer: 'wait=60' })).status).toBe(202);
    for (const { id } of await server.app.jobs.list('local', 10)) await server.app.jobs.cancel('local', id);
    expect(await (await waiting).json()).toMatchObject({ stage: 'cancelled' });
    await expect.poll(connects).toBe(true);
  });
});

it('requests that are held open beyond all limits leave a reserve, and those in it can tell', async () => {
  let asked = Promise.withResolvers<void>();
  const door = await listenNode({
    host: '127.0.0.1', port: 0, path: SOCKET_PATH, maxFrameBytes: 1,
    peerOf: () => undefined, refuse: () => undefined, refuseSocket: () => undefined,
    fetch(request, _head, { crowded }) {
      if (!request.url.endsWith('/hang')) return new Response(crowded ? 'crowded' : 'room');
      asked.resolve();
      return new Promise(() => {});
    },
    connect: () => ({ message() {}, drained() {}, closed() {} }),
  });
  const ask = async (path: string): Promise<Socket> => {
    const socket = await openTcp(`http://127.0.0.1:${door.port}`);
    opened.push(socket);
    socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
    return socket;
  };
  const hang = async (): Promise<Socket> => {
    asked = Promise.withResolvers();
    const socket = await ask('/hang');
    await asked.promise;
    return socket;
  };
  const held: Socket[] = [];
  while (held.length < TOTAL - 1) held.push(await hang());
  expect(await answerOf(await ask('/'))).toMatch(/\broom\b/);
  held.push(await hang(), await hang()); // the idle one makes room for the first of them
  expect(await answerOf(await ask('/'))).toMatch(/\bcrowded\b/);
  expect(closedOf(held)).toBe(0);
  for (const socket of opened) socket.destroy();
  await door.close();
});

it('a server with too many connections answers probes, and sends others away for a while', async () => {
  const routes = createRoutes({ health: () => ({ ready: true }), pressure: () => ({}) } as RouteOptions);
  const env = { ip: '127.0.0.1', crowded: true, asSession: () => () => {} };
  for (const path of ['/healthz', '/readyz', '/pressure']) expect((await routes.fetch(new Request(`http://127.0.0.1${path}`), env)).status).toBe(200);
  const refused = await routes.fetch(new Request('http://127.0.0.1/v1/analyses'), env);
  expect(refused.status).toBe(503);
  expect(refused.headers.get('retry-after')).toBe('5');
  expect(await refused.json()).toMatchObject({ code: 'overloaded', reason: 'connections' });
});

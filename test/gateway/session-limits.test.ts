import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { SOCKET_PATH } from '@cro-analyzer/protocol/codec';
import { afterEach, describe, expect, it } from 'vitest';
import { RawSocket } from '../support/raw-socket.ts';
import { startServer, type TestServer } from '../support/server.ts';

const KEY = 'first-key-of-this-server';
const OTHER_KEY = 'second-key-of-this-server';

let server: TestServer;
afterEach(() => server.close());

const from = (address: string) => ({ headers: { 'x-forwarded-for': address } });

/** How the server answers an upgrade that it refuses. */
async function refusal({ headers = {} }: { headers?: Record<string, string> } = {}): Promise<{ status: number | undefined; retryAfter: string | undefined }> {
  const request = get(server.url + SOCKET_PATH, { headers: { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-protocol': 'cro.v1.json', ...headers } });
  const [response] = await once(request, 'response') as [IncomingMessage];
  response.resume();
  return { status: response.statusCode, retryAfter: response.headers['retry-after'] };
}

describe('sessions', () => {
  it('are refused with 503 when as many are open as the server takes, until one ends', async () => {
    server = await startServer({ CRO_LIMITS_TOTAL: 'sessions=2' });
    const first = await RawSocket.hello(server.url);
    await RawSocket.hello(server.url);
    expect(await refusal()).toEqual({ status: 503, retryAfter: '5' });
    first.close();
    await expect.poll(() => RawSocket.hello(server.url).then(() => true, () => false)).toBe(true);
  });

  it('of one address are refused with 429 above its limit, and those of others behind the same proxy are not', async () => {
    server = await startServer({ CRO_LIMITS_PER_IP: 'sessions=1', CRO_TRUSTED_PROXIES: '127.0.0.1' });
    await RawSocket.open(server.url, 'cro.v1.json', from('203.0.113.1'));
    expect(await refusal(from('203.0.113.1'))).toEqual({ status: 429, retryAfter: '5' });
    expect(await refusal(from('198.51.100.7, 203.0.113.1'))).toEqual({ status: 429, retryAfter: '5' });
    await RawSocket.open(server.url, 'cro.v1.json', from('203.0.113.2'));
  });

  it('cannot take the place of another address by saying so when no proxy is trusted', async () => {
    server = await startServer({ CRO_LIMITS_PER_IP: 'sessions=1' });
    await RawSocket.open(server.url, 'cro.v1.json', from('203.0.113.1'));
    expect(await refusal(from('203.0.113.2'))).toEqual({ status: 429, retryAfter: '5' });
  });

  it('of one key are refused by name above its limit, and another key has its own', async () => {
    server = await startServer({ CRO_LIMITS_PER_KEY: 'sessions=1', CRO_API_KEYS: `${KEY},${OTHER_KEY}` });
    const first = await RawSocket.hello(server.url, 'cro.v1.json', KEY);
    const second = await RawSocket.open(server.url);
    second.send({ type: 'hello', client: 'test', token: KEY });
    expect((await second.next('rejected')).error).toMatchObject({ code: 'rate_limited', reason: 'sessions', retryable: true, retryAfterMs: expect.any(Number) });
    const [code] = await once(second.socket, 'close');
    expect(code).toBe(4429);
    await RawSocket.hello(server.url, 'cro.v1.json', OTHER_KEY);
    first.close();
    await expect.poll(() => RawSocket.hello(server.url, 'cro.v1.json', KEY).then(() => true, () => false)).toBe(true);
  });

  it('do not count when their upgrade was refused', async () => {
    server = await startServer({ CRO_LIMITS_TOTAL: 'sessions=1' });
    for (let times = 0; times < 5; times += 1) await expect(RawSocket.open(server.url, 'cro.v1.json', { origin: 'https://evil.example' })).rejects.toThrow('403');
    await RawSocket.hello(server.url);
  });
});

describe('the limits of an address', () => {
  it('count jobs by the address that a trusted proxy names', async () => {
    server = await startServer({ CRO_LIMITS_PER_IP: 'day=1', CRO_TRUSTED_PROXIES: '127.0.0.0/8' });
    const post = async (address: string): Promise<number> => {
      const { status } = await fetch(`${server.url}/v1/analyses`, {
        method: 'POST', body: JSON.stringify({ url: 'http://no-such-host.invalid/' }), headers: { 'content-type': 'application/json', 'x-forwarded-for': address },
      });
      return status;
    };
    expect(await post('203.0.113.1')).toBe(202);
    expect(await post('203.0.113.1')).toBe(429);
    expect(await post('203.0.113.2')).toBe(202);
    const socket = await RawSocket.open(server.url, 'cro.v1.json', from('203.0.113.1'));
    socket.send({ type: 'hello', client: 'test' });
    socket.send({ type: 'submit', ref: 'r1', idempotencyKey: crypto.randomUUID(), request: { url: 'http://no-such-host.invalid/' } });
    expect((await socket.next('rejected')).error.code).toBe('rate_limited');
  });
});

import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SOCKET_PATH } from '@cro-analyzer/protocol/codec';
import { createRoutes, type RouteOptions } from '../../render-server/src/gateway/routes.ts';
import { answerOf, openTcp, upgradeRequest } from '../support/raw-connection.ts';
import { startServer, type TestServer } from '../support/server.ts';

const KEY = 'the-key-of-this-server';

/** Every route that the server has: the list is its own, so that a new one is tried too. */
const ROUTES = [...new Set(createRoutes({} as RouteOptions).routes.filter(({ method }) => method !== 'ALL').map(({ method, path }) => `${method} ${path}`))]
  .map((route) => route.split(' ') as [method: string, path: string]);

let open: TestServer;
let locked: TestServer;
beforeAll(async () => {
  [open, locked] = await Promise.all([startServer(), startServer({ CRO_API_KEYS: KEY })]);
});
afterAll(async () => {
  await Promise.all([open.close(), locked.close()]);
});

/** Asks with headers that fetch would not send. */
function ask(server: TestServer, method: string, path: string, headers: Record<string, string>): Promise<{ status: number; headers: object }> {
  const id = path.includes('batches') ? `bat_${'0'.repeat(24)}` : `job_${'0'.repeat(24)}`;
  return new Promise((resolve, reject) => {
    const asked = request(server.url + path.replace(':id', id), { method, headers: { authorization: `Bearer ${KEY}`, ...headers } }, (response) => {
      response.resume().once('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers }));
    });
    asked.once('error', reject).end();
  });
}

const hostOf = (server: TestServer): string => new URL(server.url).host;
const portOf = (server: TestServer): string => new URL(server.url).port;

/** What a page of another site makes its visitor's browser send. */
const FOREIGN_ORIGINS: ((server: TestServer) => string)[] = [
  () => 'https://evil.example', () => 'null', () => '', () => 'file://', () => 'chrome-extension://abcdefghijklmnop',
  (server) => `http://127.0.0.1:${Number(portOf(server)) + 1}`, (server) => `http://localhost:${portOf(server)}`, (server) => `http://${hostOf(server)}.evil.example`,
  (server) => `http://evil.example#${hostOf(server)}`, (server) => `http://${hostOf(server)}, http://evil.example`,
];

/** Where a name of theirs leads after it was made to point to this machine. */
const FOREIGN_HOSTS: ((server: TestServer) => string)[] = [
  (server) => `rebound.example:${portOf(server)}`, () => 'rebound.example', () => '127.0.0.1.evil.example', () => 'localhost.evil.example', () => '0.0.0.0', () => '192.168.0.1', () => ']', () => 'a b',
];

describe('there are routes to try', () => {
  it('and they are all of them', () => {
    expect(ROUTES.map(([, path]) => path)).toEqual(expect.arrayContaining(['/healthz', '/readyz', '/pressure', '/v1/session', '/v1/analyses', '/v1/batches', '/v1/artifacts/:id']));
  });
});

describe.each(ROUTES)('%s %s', (method, path) => {
  it('is refused to web pages of another origin, with a key and without', async () => {
    for (const server of [open, locked]) {
      for (const origin of FOREIGN_ORIGINS) {
        const answer = await ask(server, method, path, { origin: origin(server) });
        expect([origin(server), answer.status]).toEqual([origin(server), 403]);
        expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
      }
    }
  });

  it('is refused under a foreign name where no key is needed', async () => {
    for (const host of FOREIGN_HOSTS) expect([host(open), (await ask(open, method, path, { host: host(open) })).status]).toEqual([host(open), 403]);
  });

  it('is not refused to its own origin', async () => {
    for (const server of [open, locked]) expect((await ask(server, method, path, { origin: server.url })).status).not.toBe(403);
  });

  it('tells a browser that asks first nothing that would let another origin in', async () => {
    const answer = await ask(locked, 'OPTIONS', path, { origin: 'https://evil.example', 'access-control-request-method': method, 'access-control-request-headers': 'authorization' });
    expect(answer.status).toBe(403);
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });
});

describe(`the socket at ${SOCKET_PATH}`, () => {
  const upgrade = async (server: TestServer, headers: Record<string, string>): Promise<string> => {
    const socket = await openTcp(server.url);
    socket.write(upgradeRequest(server.url, headers));
    const answer = await answerOf(socket);
    socket.destroy();
    return answer.slice(0, 'HTTP/1.1 403'.length);
  };

  it('is refused to web pages of another origin, with a key and without', async () => {
    for (const server of [open, locked]) for (const origin of FOREIGN_ORIGINS) expect([origin(server), await upgrade(server, { Origin: origin(server) })]).toEqual([origin(server), 'HTTP/1.1 403']);
  });

  it('is refused under a foreign name where no key is needed', async () => {
    for (const host of FOREIGN_HOSTS) expect([host(open), await upgrade(open, { Host: host(open) })]).toEqual([host(open), 'HTTP/1.1 403']);
  });

  it('is open to its own origin', async () => {
    for (const server of [open, locked]) expect(await upgrade(server, { Origin: server.url })).toBe('HTTP/1.1 101');
  });
});

import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { SOCKET_PATH } from '@cro-analyzer/protocol/codec';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RawSocket } from '../support/raw-socket.ts';
import { startServer, type TestServer } from '../support/server.ts';

const UPGRADE = `GET ${SOCKET_PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}\r\n`;

const CLIENTS = {
  'says nothing': '',
  'stops within the headers': 'GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ',
  'stops within an upgrade': UPGRADE,
  'stops within a body': 'POST /v1/analyses HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{',
  'was refused the upgrade and stays': `${UPGRADE}Sec-WebSocket-Protocol: graphql-ws\r\n\r\n`,
  'was upgraded and says no hello': `${UPGRADE}Sec-WebSocket-Protocol: cro.v1.json\r\n\r\n`,
};

let server: TestServer;
let beside: RawSocket;
const cutOff = new Map<string, Promise<void>>();

/** A client that sends this much and then nothing, and never closes its side. Resolves when nobody takes its bytes any more. */
async function halfOpen(text: string): Promise<void> {
  const { hostname, port } = new URL(server.url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  socket.on('error', () => {}).resume();
  await once(socket, 'connect');
  socket.write(text);
  await once(socket, 'end');
  while (!socket.destroyed) {
    socket.write('x');
    await delay(100);
  }
}

beforeAll(async () => {
  server = await startServer();
  beside = await RawSocket.hello(server.url);
  for (const [name, text] of Object.entries(CLIENTS)) cutOff.set(name, halfOpen(text));
});
afterAll(async () => {
  beside.close();
  await server.close();
});

describe('a connection whose client', () => {
  it.each(Object.keys(CLIENTS))('%s is ended by the server', (name) => cutOff.get(name), 60_000);
});

it('a session beside them is served', async () => {
  beside.send({ type: 'ping', id: 1 });
  expect(await beside.next('pong')).toEqual({ type: 'pong', id: 1 });
});

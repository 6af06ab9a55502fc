import { once } from 'node:events';
import { SOCKET_PATH } from '@cro-analyzer/protocol/codec';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { listenNode } from '../../render-server/src/gateway/transport/node.ts';
import type { Transport } from '../../render-server/src/gateway/transport/transport.ts';

const LOOK_MS = 30_000;

let door: Transport;
let messages: string[];

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  messages = [];
  door = await listenNode({
    host: '127.0.0.1', port: 0, path: SOCKET_PATH, maxFrameBytes: 100_000,
    fetch: () => new Response('here'),
    peerOf: (address) => address,
    refuse: () => undefined,
    refuseSocket: () => undefined,
    connect: () => ({ message: (data) => void messages.push(String(data)), drained() {}, closed() {} }),
  });
});
afterEach(async () => {
  vi.useRealTimers();
  await door.close();
});

async function open(options: { autoPong: boolean } = { autoPong: true }): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${door.port}${SOCKET_PATH}`, ['cro.v1.json'], options);
  await once(socket, 'open');
  return socket;
}

/** The server looks at its lines; what clients sent before is read by then, and what they answer by the end. */
async function look(): Promise<void> {
  await (await fetch(`http://127.0.0.1:${door.port}/`)).text();
  vi.advanceTimersByTime(LOOK_MS);
  for (let round = 0; round < 3; round += 1) await (await fetch(`http://127.0.0.1:${door.port}/`)).text();
}

describe('a connection', () => {
  it('on which a client only answers pings lives on', async () => {
    const client = await open();
    for (let looks = 0; looks < 6; looks += 1) await look();
    expect(client.readyState).toBe(WebSocket.OPEN);
    client.terminate();
  });

  it('whose client answers no ping is cut', async () => {
    const client = await open({ autoPong: false });
    const closed = once(client, 'close');
    await look();
    expect(client.readyState).toBe(WebSocket.OPEN);
    await look();
    await closed;
  });

  it('whose client begins a message and does not complete it is cut, although it answers pings and sends on', async () => {
    const client = await open();
    const closed = once(client, 'close');
    for (let looks = 0; looks < 2; looks += 1) {
      client.send('{', { fin: false });
      await look();
    }
    await closed;
    expect(messages).toEqual([]);
  });

  it('whose client takes its time for a message, but completes it, lives on', async () => {
    const client = await open();
    for (let times = 0; times < 3; times += 1) {
      client.send('{', { fin: false });
      await look();
      client.send('}', { fin: true });
    }
    await look();
    expect(messages).toEqual(['{}', '{}', '{}']);
    expect(client.readyState).toBe(WebSocket.OPEN);
    client.terminate();
  });
});

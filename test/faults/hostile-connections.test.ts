import type { Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { HOSTILE, Scene } from '../support/hostile.ts';
import { answerOf, ended, openTcp, openUpgraded, OPCODES, upgradeRequest, wireFrame } from '../support/raw-connection.ts';
import { RawSocket } from '../support/raw-socket.ts';

const SESSIONS = 100;
const MiB = 2 ** 20;
const { continuation, text, binary, close, ping, pong } = OPCODES;

let scene: Scene;
beforeAll(async () => { scene = await Scene.start({ CRO_LIMITS_TOTAL: `sessions=${SESSIONS}` }); });
afterAll(() => scene.close());
afterEach(() => scene.expectWell());

const hello = wireFrame(text, Buffer.from(JSON.stringify({ type: 'hello', client: 'hostile', token: HOSTILE })));

/** A session that said hello, without any WebSocket library on this side. */
async function welcomed(): Promise<Socket> {
  const socket = await openUpgraded(scene.url);
  socket.write(hello);
  await answerOf(socket);
  return socket;
}

describe('a connection is ended, and no other, when it sends', () => {
  it.each<[string, Buffer[]]>([
    ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode): [string, Buffer[]] => [`opcode ${opcode}, which is reserved`, [wireFrame(opcode)]]),
    ...[4, 2, 1].map((reserved): [string, Buffer[]] => [`reserved bits ${reserved.toString(2).padStart(3, '0')}, as for compression`, [wireFrame(text, Buffer.from('{}'), { reserved })]]),
    ['a frame that is not masked', [wireFrame(text, Buffer.from('{}'), { masked: false })]],
    ['a ping above 125 bytes', [wireFrame(ping, Buffer.alloc(126))]],
    ['a ping in pieces', [wireFrame(ping, Buffer.alloc(1), { fin: false })]],
    ['a continuation of nothing', [wireFrame(continuation, Buffer.from('x'))]],
    ['a new message within another', [wireFrame(text, Buffer.from('{'), { fin: false }), wireFrame(text, Buffer.from('}'))]],
    ['a goodbye of one byte', [wireFrame(close, Buffer.from([3]))]],
    ['a goodbye with a code that may not be sent', [wireFrame(close, Buffer.from([1005 >> 8, 1005 & 255]))]],
    ['a goodbye with a reason that is no UTF-8', [wireFrame(close, Buffer.from([3, 232, 0xff, 0xfe]))]],
    ['text that is no UTF-8', [wireFrame(text, Buffer.from([0xff, 0xfe]))]],
    ['a frame that is said to be above 1 MiB', [wireFrame(binary, Buffer.alloc(0), { length: MiB + 1 })]],
    ['a frame that is said to be of 2^53 bytes', [wireFrame(binary, Buffer.alloc(0), { length: 2 ** 53 })]],
    ['a message above 1 MiB in pieces', Array.from({ length: 20 }, (_, n) => wireFrame(n === 0 ? text : continuation, Buffer.alloc(60_000, 'x'), { fin: false }))],
    ['a message of more pieces than any needs', Array.from({ length: 2_000 }, (_, n) => wireFrame(n === 0 ? text : continuation, Buffer.from('x'), { fin: false }))],
    ['thousands of pings whose answers it does not read', Array.from({ length: 200 }, () => Buffer.concat(Array.from({ length: 500 }, () => wireFrame(ping, Buffer.alloc(125)))))],
  ])('%s', async (_, frames) => {
    const beside = await welcomed();
    const socket = await welcomed();
    for (const frame of frames) if (!socket.destroyed) socket.write(frame);
    await ended(socket);
    beside.write(wireFrame(text, Buffer.from('{"type":"ping","id":7}')));
    expect(await answerOf(beside)).toContain('{"type":"pong","id":7}');
    beside.destroy();
  });
});

describe('memory is bounded', () => {
  it('beside strangers who have each sent most of a MiB: they are cut off before', async () => {
    const before = scene.memory;
    const strangers = await Promise.all(Array.from({ length: SESSIONS }, async () => {
      const socket = await openUpgraded(scene.url);
      socket.write(Buffer.concat([wireFrame(text, Buffer.alloc(0), { length: MiB }), Buffer.alloc(MiB - 1, 'x')]));
      return socket;
    }));
    await Promise.all(strangers.map(ended));
    expect(scene.memory - before).toBeLessThan(50);
    console.log(`${SESSIONS} strangers with a MiB each: the server's memory went from ${before} to ${scene.memory} MB`);
  });

  it('beside more silent connections than there may be sessions: the rest is told when to come back, and there is room again when they go', async () => {
    const { silent, refused } = await crowd(3 * SESSIONS);
    expect(silent.length).toBeLessThanOrEqual(SESSIONS);
    expect(refused.length).toBeGreaterThanOrEqual(2 * SESSIONS);
    for (const answer of refused) expect(answer).toMatch(/^HTTP\/1\.1 503 [\s\S]*Retry-After: [1-9]/);
    await scene.expectWell();
    for (const socket of silent) socket.resetAndDestroy();
    await expect.poll(() => RawSocket.hello(scene.url, 'cro.v1.json', HOSTILE).then((socket) => { socket.close(); return true; }, () => false)).toBe(true);
  });
});

/** Connections that ask for the socket and then say nothing. */
async function crowd(count: number): Promise<{ silent: Socket[]; refused: string[] }> {
  const silent: Socket[] = [];
  const refused: string[] = [];
  await Promise.all(Array.from({ length: count }, async () => {
    const socket = await openTcp(scene.url);
    socket.write(upgradeRequest(scene.url));
    const answer = await answerOf(socket);
    if (answer.startsWith('HTTP/1.1 101')) silent.push(socket);
    else {
      refused.push(answer);
      socket.destroy();
    }
  }));
  return { silent, refused };
}

describe('a well-behaved client is served', () => {
  const body = JSON.stringify({ url: 'http://10.0.0.1/' });
  const post = `POST /v1/analyses HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${HOSTILE}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
  const submit = (): Buffer => wireFrame(text, Buffer.from(JSON.stringify({ type: 'submit', ref: '1', idempotencyKey: crypto.randomUUID(), onLost: 'cancel', request: { url: scene.never } })));
  const phases: Record<string, () => Promise<Socket>> = {
    'before it sent anything': () => openTcp(scene.url),
    'within a request': () => sending('GET /healthz HTT'),
    'within the headers': () => sending(upgradeRequest(scene.url).slice(0, -20)),
    'as soon as the upgrade is asked for': () => sending(upgradeRequest(scene.url)),
    'after the upgrade': () => openUpgraded(scene.url),
    'within a frame header': () => sendingFrame(hello.subarray(0, 1)),
    'within a frame': () => sendingFrame(hello.subarray(0, 20)),
    'right after hello': () => sendingFrame(hello),
    'while it is read a job': () => sendingFrame(Buffer.concat([hello, submit()])),
    'while it subscribes and watches': () => sendingFrame(Buffer.concat([hello, wireFrame(text, Buffer.from('{"type":"subscribe","afterEvent":0}')), ...scene.jobs.map((job) => wireFrame(text, Buffer.from(JSON.stringify({ type: 'watch', job }))))])),
    'within a goodbye': () => sendingFrame(Buffer.concat([hello, wireFrame(close, Buffer.from([3, 232]))])),
    'within a body': () => sending(post + body.slice(0, 5)),
    'before the answer': () => sending(post + body),
    'within a long answer': () => sending(`GET /v1/analyses?limit=200 HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${HOSTILE}\r\n\r\n`),
  };

  async function sending(bytes: string): Promise<Socket> {
    const socket = await openTcp(scene.url);
    socket.write(bytes);
    return socket;
  }

  async function sendingFrame(bytes: Buffer): Promise<Socket> {
    const socket = await openUpgraded(scene.url);
    socket.write(bytes);
    return socket;
  }

  it('beside 420 connections that are reset in every phase', async () => {
    const bystander = scene.bystander();
    for (let round = 0; round < 6; round += 1) {
      for (const open of Object.values(phases)) {
        const sockets = await Promise.all([open(), open(), open(), open(), open()]);
        if (round % 2 === 1) await new Promise(setImmediate); // some are reset before their bytes are read, some after
        for (const socket of sockets) socket.resetAndDestroy();
        await Promise.all(sockets.map(ended));
      }
    }
    await bystander.stop();
    expect(bystander.served).toBeGreaterThan(0);
  });

  it('beside one that sends its frames a byte at a time, and it is served too', async () => {
    const socket = await openUpgraded(scene.url);
    socket.setNoDelay(true);
    const answered = answerOf(socket);
    for (const byte of Buffer.concat([wireFrame(pong), hello])) {
      socket.write(Buffer.from([byte]));
      await new Promise(setImmediate);
    }
    expect(await answered).toContain('"type":"welcome"');
    socket.destroy();
  });

  it('beside requests that are no HTTP', async () => {
    const nonsense = [
      '\0\0\0\0', '\x16\x03\x01\x02\x00\x01\x00', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'GET\r\n\r\n', 'GET / HTTP/9.9\r\n\r\n', 'FROB /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n',
      `GET /${'a'.repeat(100_000)} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`, `GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n${'X: y\r\n'.repeat(5_000)}\r\n`,
      'CONNECT 10.0.0.1:80 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n', 'GET http://10.0.0.1/ HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n', 'OPTIONS * HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n',
      'GET // HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n', 'GET /%00%ff HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n', 'GET /v1/analyses/%E0%A4%A HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n',
      'GET / HTTP/1.1\r\nConnection: close\r\n\r\n', 'GET / HTTP/1.1\r\nHost: ]\r\nConnection: close\r\n\r\n', 'GET / HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n', 'GET / HTTP/1.0\r\n\r\n',
      'POST /v1/analyses HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 'POST /v1/analyses HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nzz\r\n',
      'POST /v1/analyses HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n', 'GET /v1/socket HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n',
      upgradeRequest(scene.url, { 'Sec-WebSocket-Key': 'short' }), upgradeRequest(scene.url, { 'Sec-WebSocket-Version': '99' }), upgradeRequest(scene.url, { 'Sec-WebSocket-Protocol': ',,,' }),
    ];
    await Promise.all(nonsense.map(async (request) => ended(await sending(request))));
  });
});

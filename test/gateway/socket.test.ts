import { once } from 'node:events';
import { MAX_CLIENT_FRAME_BYTES } from '@cro-analyzer/protocol/codec';
import { SUBPROTOCOLS } from '@cro-analyzer/protocol/messages';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RawSocket } from '../support/raw-socket.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { startSite, unusedOrigin, type Site } from '../support/site.ts';

const KEY = 'first-key-of-this-server';
const OTHER_KEY = 'second-key-of-this-server';

let server: TestServer;
let site: Site;
beforeAll(async () => {
  site = await startSite({ '/hang': () => {} });
  server = await startServer({ CRO_API_KEYS: `${KEY},${OTHER_KEY}` });
});
afterAll(async () => {
  await server.close();
  await site.close();
});

const submit = (request: object, ref = 'r1') => ({ type: 'submit', ref, idempotencyKey: crypto.randomUUID(), request });

describe.each(SUBPROTOCOLS)('a session over %s', (subprotocol) => {
  it.each([
    ['an unknown type', { type: 'shout' }, 'type'],
    ['a missing field', { type: 'ping' }, 'id'],
    ['a field of the wrong type', submit({ url: 7 }), 'request.url'],
    ['a wrong entry of a list', submit({ url: 'https://example.com', devices: ['desktop', 'watch'] }), 'request.devices[1]'],
    ['a field that is not known', submit({ url: 'https://example.com', colour: 'red' }), 'request.colour'],
    ['a job id of the wrong form', { type: 'watch', job: 'job_1' }, 'job'],
  ])('answers %s with bad_request that names the field, and goes on', async (_, frame, field) => {
    const socket = await RawSocket.hello(server.url, subprotocol, KEY);
    socket.send(frame);
    const { error } = await socket.next('rejected');
    expect(error).toMatchObject({ code: 'bad_request', reason: field });
    expect(error.message).toContain(field);
    socket.send({ type: 'ping', id: 5 });
    expect(await socket.next('pong')).toEqual({ type: 'pong', id: 5 });
    socket.close();
  });

  it('answers an oversize frame with too_large, and goes on', async () => {
    const socket = await RawSocket.hello(server.url, subprotocol, KEY);
    socket.send(submit({ url: 'https://example.com', context: 'x'.repeat(MAX_CLIENT_FRAME_BYTES) }));
    expect((await socket.next('rejected')).error.code).toBe('too_large');
    socket.send({ type: 'ping', id: 6 });
    await socket.next('pong');
    socket.close();
  });

  it('answers bytes that are no frame with bad_request, and goes on', async () => {
    const socket = await RawSocket.hello(server.url, subprotocol, KEY);
    socket.socket.send(subprotocol === 'cro.v1.json' ? '{"type":' : new Uint8Array([0xc1, 0xff]));
    expect((await socket.next('rejected')).error.code).toBe('bad_request');
    socket.send({ type: 'ping', id: 7 });
    await socket.next('pong');
    socket.close();
  });
});

describe('the door', () => {
  it('knows its own origin whatever the case and the default port', async () => {
    for (const [host, origin] of [['CRO.example.com', 'https://cro.example.com'], ['cro.example.com:443', 'https://cro.example.com'], ['cro.example.com', 'http://cro.example.com']] as const) {
      const socket = await RawSocket.open(server.url, 'cro.v1.json', { headers: { host }, origin });
      socket.close();
    }
  });

  it('takes one hello only', async () => {
    const socket = await RawSocket.hello(server.url, 'cro.v1.json', KEY);
    socket.send({ type: 'hello', client: 'other', token: OTHER_KEY });
    expect((await socket.next('rejected')).error).toMatchObject({ code: 'bad_request', reason: 'type' });
    socket.close();
  });

  it('takes nothing before hello', async () => {
    const socket = await RawSocket.open(server.url);
    socket.send(submit({ url: 'https://example.com' }));
    expect((await socket.next('rejected')).error).toMatchObject({ code: 'unauthorized', reason: 'no_hello' });
    socket.close();
  });

  it.each([['a wrong key', 'not-a-key-of-this-server', 'wrong_key'], ['no key', undefined, 'no_key']])('turns %s away', async (_, token, reason) => {
    const socket = await RawSocket.open(server.url);
    socket.send({ type: 'hello', client: 'test', ...(token ? { token } : {}) });
    expect((await socket.next('rejected')).error).toMatchObject({ code: 'unauthorized', reason });
    const [code] = await once(socket.socket, 'close');
    expect(code).toBe(4401);
  });

  it('takes the key from the upgrade request too', async () => {
    const socket = await RawSocket.open(server.url, 'cro.v1.json', { headers: { authorization: `Bearer ${KEY}` } });
    socket.send({ type: 'hello', client: 'test' });
    expect(await socket.next('welcome')).toMatchObject({ analysts: ['rules'], credit: 100 });
    socket.close();
  });

  it('refuses the socket to a page of another origin', async () => {
    await expect(RawSocket.open(server.url, 'cro.v1.json', { origin: 'https://evil.example' })).rejects.toThrow('403');
  });

  it('refuses another origin or another host also where no key is needed', async () => {
    const open = await startServer();
    await expect(RawSocket.open(open.url, 'cro.v1.json', { origin: 'https://evil.example' })).rejects.toThrow('403');
    await expect(RawSocket.open(open.url, 'cro.v1.json', { headers: { host: 'rebound.example' } })).rejects.toThrow('403');
    const ours = await RawSocket.open(open.url, 'cro.v1.json', { origin: open.url });
    ours.close();
    await open.close();
  });

  it('refuses an unknown subprotocol', async () => {
    // @ts-expect-error: not one of ours
    await expect(RawSocket.open(server.url, 'graphql-ws')).rejects.toThrow('400');
  });
});

describe('a job', () => {
  it('is told its end once, also when it is cancelled', async () => {
    const socket = await RawSocket.hello(server.url, 'cro.v1.json', KEY);
    socket.send(submit({ url: `${site.origin}/hang` }));
    const { job } = await socket.next('accepted');
    socket.send({ type: 'cancel', job });
    socket.send({ type: 'cancel', job });
    await socket.next('cancelled');
    socket.send({ type: 'ping', id: 1 });
    await socket.next('pong');
    expect(socket.of('cancelled')).toHaveLength(1);
    socket.frames.length = 0;
    socket.send({ type: 'watch', job }); // an ended job answers a watch with its end
    await socket.next('cancelled');
    socket.close();
  });

  it('is refused under an idempotency key that stands for another request', async () => {
    const socket = await RawSocket.hello(server.url, 'cro.v1.json', KEY);
    const first = submit({ url: `${site.origin}/hang` });
    socket.send(first);
    const { job } = await socket.next('accepted');
    socket.send({ ...first, ref: 'r2' });
    expect(await socket.next('accepted', ({ ref }) => ref === 'r2')).toMatchObject({ job, deduplicated: true });
    socket.send({ ...first, ref: 'r3', request: { url: 'https://example.com/other' } });
    expect(await socket.next('rejected')).toMatchObject({ ref: 'r3', error: { code: 'bad_request', reason: 'idempotencyKey' } });
    socket.send({ type: 'cancel', job });
    await socket.next('cancelled');
    socket.close();
  });
});

describe('a job of one key', () => {
  it('does not exist for another key', async () => {
    const mine = await RawSocket.hello(server.url, 'cro.v1.json', KEY);
    mine.send(submit({ url: await unusedOrigin() }));
    const { job } = await mine.next('accepted');
    const theirs = await RawSocket.hello(server.url, 'cro.v1.json', OTHER_KEY);
    for (const type of ['watch', 'cancel']) {
      theirs.frames.length = 0;
      theirs.send({ type, job });
      expect(await theirs.next('rejected')).toMatchObject({ job, error: { code: 'not_found' } });
    }
    await mine.next('failed');
    mine.close();
    theirs.close();
  });
});

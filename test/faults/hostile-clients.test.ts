import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Fuzz } from '../support/fuzz.ts';
import { HOSTILE, Scene, sendFuzzed } from '../support/hostile.ts';
import { RawSocket } from '../support/raw-socket.ts';

const FRAMES = 10_000;
const CREDIT = 20;

let scene: Scene;
beforeAll(async () => { scene = await Scene.start({ CRO_CREDIT: String(CREDIT) }); });
afterAll(() => scene.close());
afterEach(() => scene.expectWell());

describe('a well-behaved client is served', () => {
  it(`beside ${FRAMES} bent frames of every kind, and each that cannot be read is refused`, async () => {
    const bystander = scene.bystander();
    const before = scene.memory;
    await sendFuzzed(scene.url, new Fuzz(1, { token: HOSTILE, job: scene.jobs[0]! }), FRAMES);
    await bystander.stop();
    expect(bystander.served).toBeGreaterThan(1);
    console.log(`${FRAMES} frames: the server's memory went from ${before} to ${scene.memory} MB; ${bystander.served} pages analysed meanwhile`);
  });

  it('beside a frame of some hundred bytes that stands for 2^60 values', async () => {
    const socket = await RawSocket.hello(scene.url, 'cro.v1.msgpack', HOSTILE);
    socket.socket.send(doubled(60));
    expect((await socket.next('rejected')).error.code).toBe('bad_request');
    socket.close();
  });

  it('beside a session that sends 10,000 frames of every type at once: each is answered, and others do not wait for that', async () => {
    const other = await RawSocket.hello(scene.url, 'cro.v1.json', HOSTILE);
    const flooding = await RawSocket.hello(scene.url, 'cro.v1.json', HOSTILE);
    flooding.frames.length = 0;
    for (let n = 0; n < 10_000; n += 5) {
      flooding.send({ type: 'submit', ref: `${n}`, idempotencyKey: `flood ${n}`, request: { url: 'http://10.0.0.1/' } });
      flooding.send({ type: 'watch', job: `job_${String(n).padStart(24, '0')}` });
      flooding.send({ type: 'cancel', job: `job_${String(n).padStart(24, '0')}` });
      flooding.send({ type: 'subscribe', afterEvent: 1_000_000 });
      flooding.send({ type: 'ping', id: n });
    }
    other.send({ type: 'ping', id: 1 });
    await other.next('pong');
    expect(flooding.frames.length).toBeLessThan(10_000);
    await flooding.until(() => flooding.frames.length >= 10_000);
    expect([flooding.of('rejected').length, flooding.of('subscribed').length, flooding.of('pong').length]).toEqual([6_000, 2_000, 2_000]);
    flooding.close();
    other.close();
  });

  it('beside a session that submits 10,000 pages at once: it has as many open as its credit', async () => {
    const flooding = await RawSocket.hello(scene.url, 'cro.v1.json', HOSTILE);
    for (let n = 0; n < 10_000; n += 1) {
      flooding.send({ type: 'submit', ref: `${n}`, idempotencyKey: `page number ${n}`, onLost: 'cancel', request: { url: scene.never } });
    }
    await flooding.until(() => flooding.of('accepted').length + flooding.of('rejected').length >= 10_000);
    expect(flooding.of('accepted')).toHaveLength(CREDIT);
    expect(flooding.of('rejected').every(({ error }) => error.code === 'credit_exceeded' && error.retryAfterMs! > 0)).toBe(true);
    const jobs = flooding.of('accepted').map(({ job }) => job);
    flooding.close();
    const after = await RawSocket.hello(scene.url, 'cro.v1.json', HOSTILE);
    for (const job of jobs) {
      after.send({ type: 'watch', job });
      await after.next('cancelled', (frame) => frame.job === job);
    }
    after.close();
  });

  it('beside one that subscribes 4,000 times and never reads: what is replaced keeps no events', async () => {
    const before = scene.memory;
    const other = await RawSocket.hello(scene.url, 'cro.v1.json', HOSTILE);
    const flooding = await RawSocket.hello(scene.url, 'cro.v1.json', HOSTILE);
    flooding.socket.pause();
    for (let id = 0; id < 4_000; id += 1) { // each has read its first events before the next comes
      flooding.send({ type: 'subscribe', afterEvent: 0 });
      other.frames.length = 0;
      other.send({ type: 'ping', id });
      await other.next('pong');
    }
    console.log(`4,000 subscriptions of one that does not read: the server's memory went from ${before} to ${scene.memory} MB`);
    flooding.close();
    other.close();
  });
});

/** An array within an array, each the same one twice over, and then a byte too many, so that a decoder may want to show what it read. */
function doubled(levels: number): Buffer {
  const reference = (type: number, id: number): number[] => [0xd6, type, 0, 0, 0, id];
  const level = (n: number): number[] => [...reference(0x69, n + 1), 0x92, ...(n === 0 ? [1, 1] : [...reference(0x70, n), ...reference(0x70, n)])];
  return Buffer.from([0xdc, 0, levels, ...Array.from({ length: levels }, (_, n) => level(n)).flat(), 0xc0]);
}

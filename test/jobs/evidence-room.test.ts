import { describe, expect, it } from 'vitest';
import { EvidenceRoom } from '../../render-server/src/jobs/evidence-room.ts';

const MB = 2 ** 20;
const never = new AbortController().signal;

/** Whether the promise has settled once all that is due has run. */
async function settled(promise: Promise<unknown>): Promise<boolean> {
  let done = false;
  void promise.finally(() => { done = true; }).catch(() => {});
  await new Promise((resolve) => setImmediate(resolve));
  return done;
}

describe('the room for evidence', () => {
  it('holds no more pages than it may, and takes the next when one is given back', async () => {
    const room = new EvidenceRoom(1_000 * MB, () => 2);
    const first = await room.acquire(never);
    await room.acquire(never);
    const third = room.acquire(never);
    expect(await settled(third)).toBe(false);
    first.release();
    await third;
  });

  it('holds no more bytes than it may, as soon as it knows how large pages are', async () => {
    const room = new EvidenceRoom(64 * MB, () => 1_000);
    const held = [];
    for (let page = 0; page < 4; page += 1) {
      const one = await room.acquire(never);
      one.fill(15 * MB);
      held.push(one);
    }
    const next = room.acquire(never);
    expect(await settled(next)).toBe(false);
    expect(room.bytes).toBe(60 * MB);
    held[0]?.release();
    held[1]?.release();
    await next;
    expect(room.bytes).toBeLessThanOrEqual(64 * MB);
  });

  it('takes one page even when that is larger than all the room', async () => {
    const room = new EvidenceRoom(1 * MB, () => 5);
    const one = await room.acquire(never);
    one.fill(50 * MB);
    const next = room.acquire(never);
    expect(await settled(next)).toBe(false);
    one.release();
    await next;
  });

  it('gives room back once, however often it is told', async () => {
    const room = new EvidenceRoom(100 * MB, () => 1);
    const one = await room.acquire(never);
    one.release();
    one.release();
    one.fill(80 * MB);
    expect(room.bytes).toBe(0);
    await room.acquire(never);
    expect(await settled(room.acquire(never))).toBe(false);
  });

  it('follows a limit that changes', async () => {
    let limit = 1;
    const room = new EvidenceRoom(100 * MB, () => limit);
    const first = await room.acquire(never);
    limit = 2;
    await room.acquire(never);
    limit = 1;
    const third = room.acquire(never);
    first.release();
    expect(await settled(third)).toBe(false);
  });

  it('ends the wait with the reason of the signal', async () => {
    const room = new EvidenceRoom(100 * MB, () => 1);
    await room.acquire(never);
    const stop = new AbortController();
    const waiting = room.acquire(stop.signal);
    stop.abort(new Error('stopped'));
    await expect(waiting).rejects.toThrow('stopped');
  });
});

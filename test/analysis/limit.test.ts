import { describe, expect, test, vi } from 'vitest';
import { AdaptiveLimit, type Release } from '../../render-server/src/analysis/limit.ts';

const never = new AbortController().signal;

async function acquire(limit: AdaptiveLimit, count: number): Promise<Release[]> {
  return Promise.all(Array.from({ length: count }, () => limit.acquire(never)));
}

/** One call that has the whole limit to itself, ended in this way. */
async function fill(limit: AdaptiveLimit, outcome: 'answered' | 'overloaded' | 'other'): Promise<void> {
  const open = await acquire(limit, limit.limit);
  open.forEach((release) => release(outcome));
}

describe('a limit on calls', () => {
  test('begins no more than it allows, the others in the order of asking', async () => {
    const limit = new AdaptiveLimit(2);
    const begun: number[] = [];
    const calls = [0, 1, 2, 3].map(async (number) => {
      const release = await limit.acquire(never);
      begun.push(number);
      return release;
    });
    const [first, second] = [await calls[0], await calls[1]];
    expect([begun, limit.active, limit.waiting]).toEqual([[0, 1], 2, 2]);
    second?.('other');
    (await calls[2])?.('other');
    expect(begun).toEqual([0, 1, 2]);
    (await calls[3])?.('other');
    first?.('other');
    expect([limit.active, limit.waiting]).toEqual([0, 0]);
  });

  test('is halved once for a burst, and again for a call that began after that; never below one', async () => {
    const limit = new AdaptiveLimit(8);
    const burst = await acquire(limit, 8);
    burst.forEach((release) => release('overloaded'));
    expect(limit.limit).toBe(4);
    await fill(limit, 'overloaded');
    expect(limit.limit).toBe(2);
    await fill(limit, 'overloaded');
    await fill(limit, 'overloaded');
    expect(limit.limit).toBe(1);
  });

  test('takes no notice of a call from before it was halved', async () => {
    const limit = new AdaptiveLimit(8);
    const [early, trigger] = await acquire(limit, 2);
    trigger?.('overloaded');
    early?.('overloaded');
    expect(limit.limit).toBe(4);
  });

  test('grows by one after as many answers as it allows, up to where it began', async () => {
    const limit = new AdaptiveLimit(4);
    await fill(limit, 'overloaded');
    const sizes: number[] = [];
    for (let answers = 0; answers < 8; answers += 1) {
      const open = await acquire(limit, limit.limit);
      open.shift()?.('answered');
      sizes.push(limit.limit);
      open.forEach((release) => release('other'));
    }
    expect(sizes).toEqual([2, 3, 3, 3, 4, 4, 4, 4]);
  });

  test('does not grow by answers that it did not stand in the way of', async () => {
    const limit = new AdaptiveLimit(8);
    await fill(limit, 'overloaded');
    for (let answers = 0; answers < 20; answers += 1) (await limit.acquire(never))('answered');
    expect(limit.limit).toBe(4);
  });

  test('a call that is released twice frees one place', async () => {
    const limit = new AdaptiveLimit(2);
    const [first] = await acquire(limit, 2);
    first?.('other');
    first?.('overloaded');
    expect([limit.active, limit.limit]).toEqual([1, 2]);
  });

  test('one that waits leaves with its signal, and the one behind it gets its place', async () => {
    const limit = new AdaptiveLimit(1);
    const [first] = await acquire(limit, 1);
    const gone = new AbortController();
    const [leaver, next] = [limit.acquire(gone.signal), limit.acquire(never)];
    gone.abort(new Error('cancelled'));
    await expect(leaver).rejects.toThrow('cancelled');
    expect(limit.waiting).toBe(1);
    first?.('other');
    (await next)('other');
    expect([limit.active, limit.waiting]).toEqual([0, 0]);
    await expect(limit.acquire(AbortSignal.abort(new Error('before')))).rejects.toThrow('before');
  });
});

describe('a limit that is held', () => {
  test('begins nothing before the hold is over, and then all that it allows, in order', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    try {
      const limit = new AdaptiveLimit(2);
      limit.hold(5_000);
      limit.hold(1_000);
      const begun: number[] = [];
      const calls = [0, 1, 2].map((number) => limit.acquire(never).then(() => begun.push(number)));
      await vi.advanceTimersByTimeAsync(4_999);
      expect([begun, limit.waiting]).toEqual([[], 3]);
      await vi.advanceTimersByTimeAsync(1);
      await Promise.all(calls.slice(0, 2));
      expect(begun).toEqual([0, 1]);
    } finally {
      vi.useRealTimers();
    }
  });

  test('is held for a minute at most', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    try {
      const limit = new AdaptiveLimit(1);
      limit.hold(3_600_000);
      const call = limit.acquire(never);
      await vi.advanceTimersByTimeAsync(60_000);
      (await call)('other');
    } finally {
      vi.useRealTimers();
    }
  });

  test('that is paused begins one call at a time, however many are open from before, until it is resumed', async () => {
    const limit = new AdaptiveLimit(3);
    const open = await acquire(limit, 2);
    limit.pause(0);
    const waiting = [limit.acquire(never), limit.acquire(never), limit.acquire(never)];
    const first = await waiting[0];
    expect([limit.limit, limit.active, limit.waiting]).toEqual([1, 3, 2]);
    open[0]?.('other');
    expect([limit.active, limit.waiting]).toEqual([2, 2]);
    first?.('other');
    await waiting[1];
    expect([limit.active, limit.waiting]).toEqual([2, 1]);
    limit.resume();
    await waiting[2];
    expect([limit.limit, limit.active, limit.waiting]).toEqual([3, 3, 0]);
  });
});

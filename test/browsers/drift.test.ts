import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { LatencyDrift } from '../../render-server/src/browsers/drift.ts';
import type { BrowserPool } from '../../render-server/src/browsers/pool.ts';
import { groupOf } from '../../render-server/src/browsers/processes.ts';
import { startPool } from '../support/pool.ts';

const MINUTE = 60_000;

const record = (drift: LatencyDrift, load: number, ms: number, times: number, now = 0): void => {
  for (let n = 0; n < times; n += 1) drift.record(load, ms, now);
};

describe('latency drift', () => {
  it('is 1 until there is enough to compare', () => {
    const drift = new LatencyDrift();
    record(drift, 1, 10, 40);
    record(drift, 1, 100, 19);
    expect(drift.ratio(0)).toBe(1);
    record(drift, 1, 100, 1);
    expect(drift.ratio(0)).toBe(10);
  });

  it('is 2 when the same work takes twice as long, and goes back when it recovers', () => {
    const drift = new LatencyDrift();
    record(drift, 1, 30, 70);
    expect(drift.ratio(0)).toBe(1);
    record(drift, 1, 60, 20);
    expect(drift.ratio(0)).toBe(2);
    record(drift, 1, 30, 20);
    expect(drift.ratio(0)).toBe(1);
  });

  it('compares like with like: more pages open at once take longer, and that is no drift', () => {
    const drift = new LatencyDrift();
    record(drift, 1, 30, 60);
    record(drift, 8, 240, 60);
    expect(drift.ratio(0)).toBe(1);
    record(drift, 8, 360, 20);
    expect(drift.ratio(0)).toBe(1.5);
  });

  it('does not mind single slow pages', () => {
    const drift = new LatencyDrift();
    for (let n = 0; n < 120; n += 1) drift.record(1, n % 5 === 0 ? 900 : 30, 0);
    expect(drift.ratio(0)).toBe(1);
  });

  it('is not fooled by a cold start: what was slow at first is not what later times are compared with', () => {
    const drift = new LatencyDrift();
    record(drift, 1, 120, 12);
    record(drift, 1, 30, 28);
    record(drift, 1, 60, 20);
    expect(drift.ratio(0)).toBe(2);
  });

  it('forgets a load that has not been seen for a while', () => {
    const drift = new LatencyDrift();
    record(drift, 4, 30, 40);
    record(drift, 4, 90, 20);
    expect(drift.ratio(5 * MINUTE)).toBe(3);
    expect(drift.ratio(11 * MINUTE)).toBe(1);
  });

  it('takes up again with as many fresh times, not with the first of them', () => {
    const drift = new LatencyDrift();
    record(drift, 4, 30, 40);
    record(drift, 4, 90, 20);
    record(drift, 4, 90, 19, 60 * MINUTE);
    expect(drift.ratio(60 * MINUTE)).toBe(1);
    record(drift, 4, 90, 1, 60 * MINUTE);
    expect(drift.ratio(60 * MINUTE)).toBe(3);
  });
});

describe('a pool whose browser has become slow', () => {
  let pool: BrowserPool;
  afterEach(() => pool.close());

  it('says so', async () => {
    pool = await startPool();
    const never = new AbortController().signal;
    const open = async (times: number): Promise<void> => {
      for (let n = 0; n < times; n += 1) {
        const slot = await pool.acquire(never);
        const { context } = await slot.openPage({}, never);
        await slot.browser.closeContext(context);
        slot.release();
      }
    };
    await open(60);
    const before = pool.drift;
    const [pid = 0] = pool.pids;
    const group = groupOf(pid);
    let braking = true;
    const brake = (async () => {
      while (braking) {
        process.kill(-group, 'SIGSTOP');
        await delay(60);
        process.kill(-group, 'SIGCONT');
        await delay(10);
      }
    })();
    await open(20);
    braking = false;
    await brake;
    expect(pool.drift).toBeGreaterThanOrEqual(2);
    expect(pool.drift).toBeGreaterThan(before);
    await open(20);
    expect(pool.drift).toBeLessThan(2);
  });
});

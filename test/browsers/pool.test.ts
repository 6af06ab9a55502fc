import { readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { afterEach, describe, expect, it } from 'vitest';
import { AllowList } from '../../render-server/src/addresses.ts';
import { createResolver } from '../../render-server/src/browsers/dns.ts';
import { Lease } from '../../render-server/src/browsers/lease.ts';
import type { BrowserPool } from '../../render-server/src/browsers/pool.ts';
import { startPool } from '../support/pool.ts';

let pool: BrowserPool;
afterEach(() => pool.close());

const start = async (browsers: number, pagesPerBrowser: number): Promise<BrowserPool> => {
  pool = await startPool({ browsers, pagesPerBrowser });
  return pool;
};
const never = new AbortController().signal;
const policy = { allow: AllowList.parse([]), resolver: createResolver() };

describe('the pool', () => {
  it('gives out as many pages as it has, to the emptiest browser first, and the rest in the order of asking', async () => {
    await start(2, 2);
    const slots = await Promise.all([1, 2, 3, 4].map(() => pool.acquire(never)));
    expect(slots.map(({ browser }) => browser.pid).slice(0, 2).sort()).toEqual(pool.pids.sort());
    const order: number[] = [];
    const waiting = [1, 2].map((n) => pool.acquire(never).then((slot) => {
      order.push(n);
      return slot;
    }));
    slots[0]?.release();
    slots[1]?.release();
    slots[1]?.release(); // only the first counts
    const late = await Promise.all(waiting);
    expect(order).toEqual([1, 2]);
    expect(pool.slots.busy).toBe(4);
    for (const slot of [...late, ...slots]) slot.release();
    expect(pool.slots).toEqual({ total: 4, ready: 4, busy: 0 });
  });

  it('forgets a waiter whose signal fires', async () => {
    await start(1, 1);
    const slot = await pool.acquire(never);
    const impatient = new AbortController();
    const waiting = pool.acquire(impatient.signal);
    impatient.abort(new Error('deadline'));
    await expect(waiting).rejects.toThrow('deadline');
    slot.release();
    expect(pool.slots.busy).toBe(0);
  });

  it.skipIf(process.platform !== 'linux')('runs browsers below the priority of the server, and tells them none of its secrets', async () => {
    process.env['ANTHROPIC_API_KEY'] = 'secret-of-the-server';
    await start(1, 1);
    delete process.env['ANTHROPIC_API_KEY'];
    const [pid = 0] = pool.pids;
    expect(getPriority(pid)).toBeGreaterThan(getPriority());
    expect(readFileSync(`/proc/${pid}/environ`, 'utf8')).not.toContain('secret-of-the-server');
  });

  it('kills a browser with its whole group and puts another in its place', async () => {
    await start(1, 1);
    const slot = await pool.acquire(never);
    const [condemned = 0] = pool.pids;
    slot.browser.kill();
    slot.release();
    const next = await pool.acquire(never);
    expect(next.browser.pid).not.toBe(condemned);
    await gone(condemned);
    next.release();
    expect(pool.slots).toEqual({ total: 1, ready: 1, busy: 0 });
  });

  it('gives up on a browser that is frozen, and serves the next page with another', async () => {
    await start(1, 1);
    const [frozen = 0] = pool.pids;
    process.kill(frozen, 'SIGSTOP');
    const lease = await Lease.open(await pool.acquire(never), new URL('https://example.com'), policy, never);
    await expect(lease.withPage({}, never, async () => 'unreachable')).rejects.toMatchObject({ code: 'browser_crashed', reason: 'frozen' });
    await lease.release();
    const again = await Lease.open(await pool.acquire(never), new URL('https://example.com'), policy, never);
    expect(await again.withPage({}, never, (page) => page.evaluate('6 * 7'))).toBe(42);
    await again.release();
    expect(pool.pids).not.toContain(frozen);
  });
});

/** Resolves when no such process is left. */
async function gone(pid: number): Promise<void> {
  await expect.poll(() => {
    try {
      return /^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8')) ? 'zombie' : 'alive';
    } catch {
      return 'gone';
    }
  }, { timeout: 5_000 }).not.toBe('alive');
}

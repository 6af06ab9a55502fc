import { mkdtempSync, readFileSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { BrowserPool, PoolOptions } from '../../render-server/src/browsers/pool.ts';
import { groupOf } from '../../render-server/src/browsers/processes.ts';
import { NO_RECYCLING, startPool, visit } from '../support/pool.ts';
import { isAlive, readGroups, zombies } from '../support/processes.ts';
import { startSite, type Site } from '../support/site.ts';

/** Polls patiently: a browser takes a second to start, and longer on a busy machine. */
const soon = <T>(look: () => T): ReturnType<typeof expect.poll<T>> => expect.poll(look, { timeout: 20_000 });

let site: Site;
beforeAll(async () => { site = await startSite({ '/': '<!doctype html><title>Shop</title><h1>Good things</h1>' }); });
afterAll(() => site.close());

let folder: string;
let pool: BrowserPool;
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'cro-life-')); });
afterEach(async () => {
  await pool.close();
  expect(readdirSync(folder)).toEqual([]);
});

const start = async (options: Partial<PoolOptions> = {}): Promise<BrowserPool> => {
  pool = await startPool({ folder, ...options });
  return pool;
};

const openShop = async (page: Page, pid: number): Promise<number> => {
  await page.goto(site.origin);
  return pid;
};

describe('recycling', () => {
  it('starves nobody: under load no slot is ever missing, none too many are used, and every job gets its page', async () => {
    await start({ browsers: 2, pagesPerBrowser: 2, recycle: { ...NO_RECYCLING, jobs: 3 } });
    const seen = new Set<number>();
    const slots: (typeof pool.slots)[] = [];
    let running = 0;
    let most = 0;
    const watch = setInterval(() => { slots.push(pool.slots); most = Math.max(most, pool.pids.length); }, 5);
    const client = async (): Promise<void> => {
      while (seen.size < 8) {
        const title = await visit(pool, async (page, pid) => {
          running += 1;
          expect(running).toBeLessThanOrEqual(4);
          seen.add(pid);
          await page.goto(site.origin);
          running -= 1;
          return page.title();
        });
        expect(title).toBe('Shop');
      }
    };
    await Promise.all(Array.from({ length: 8 }, client)); // twice as many as there are pages
    clearInterval(watch);
    expect(slots.filter(({ ready }) => ready !== 4)).toEqual([]);
    expect(slots.filter(({ busy }) => busy > 4)).toEqual([]);
    expect(most).toBe(3); // one more than configured, never all at once
  });

  it('happens by jobs, after which the worn browser ends with its last page', async () => {
    await start({ recycle: { ...NO_RECYCLING, jobs: 2 } });
    const [first = 0] = pool.pids;
    expect(await visit(pool, openShop)).toBe(first);
    const title = await visit(pool, async (page, pid) => {
      expect(pid).toBe(first);
      await soon(() => pool.pids).toHaveLength(2); // the replacement is warm, the worn one still shows its page
      await page.goto(site.origin);
      return page.title();
    });
    expect(title).toBe('Shop');
    expect(await visit(pool, openShop)).not.toBe(first);
    await soon(() => isAlive(first)).toBe(false);
  });

  it('happens by age, also while nothing is asked for', async () => {
    await start({ recycle: { ...NO_RECYCLING, ageMs: 1_000 } });
    const [first = 0] = pool.pids;
    await soon(() => isAlive(first)).toBe(false);
    expect(pool.slots.ready).toBe(1);
  });

  it('happens by the memory of all processes of a browser, while its page goes on', async () => {
    await start({ recycle: { ...NO_RECYCLING, memoryBytes: 300 * 2 ** 20 } });
    const [first = 0] = pool.pids;
    await visit(pool, async (page) => {
      await page.evaluate('(window.kept = Array.from({ length: 40 }, () => new Float64Array(2 ** 20).fill(Math.random()))).length'); // 320 MiB
      await soon(() => pool.pids).toHaveLength(2);
      expect(await page.evaluate('window.kept.length')).toBe(40);
    });
    await soon(() => isAlive(first)).toBe(false);
    expect(await visit(pool, openShop)).not.toBe(first);
  });

  it('does not wait for the page of a browser that is far too large: it is killed, and another serves', async () => {
    await start({ recycle: { ...NO_RECYCLING, memoryBytes: 200 * 2 ** 20 } });
    const [first = 0] = pool.pids;
    const hungry = visit(pool, async (page) => {
      await page.evaluate('window.kept = []; setInterval(() => window.kept.length < 100 && window.kept.push(new Float64Array(2 ** 20).fill(1)), 20); new Promise(() => {})'); // up to 800 MiB
    });
    await expect(hungry).rejects.toMatchObject({ code: 'browser_crashed', reason: 'memory' });
    await soon(() => isAlive(first)).toBe(false);
    expect(await visit(pool, openShop)).not.toBe(first);
  });

  it('does not wait for ever for the last page of a worn browser', async () => {
    await start({ recycle: { ...NO_RECYCLING, jobs: 1, drainMs: 100 } });
    const endless = visit(pool, () => new Promise(() => {}));
    await expect(endless).rejects.toMatchObject({ code: 'browser_crashed' });
    expect(await visit(pool, openShop)).toBeGreaterThan(0);
  });
});

describe('processes', () => {
  it('are all gone when their browser has crashed or been recycled, with no zombie left', async () => {
    await start({ browsers: 2, recycle: { ...NO_RECYCLING, jobs: 4 } });
    const groups = new Set<number>();
    for (let n = 0; n < 12; n += 1) {
      await soon(() => pool.slots.ready).toBe(2);
      for (const pid of pool.pids) groups.add(groupOf(pid));
      await visit(pool, async (page, pid) => {
        await page.goto(site.origin);
        if (n % 4 === 3) process.kill(pid, 'SIGKILL');
      }).catch(() => {});
    }
    await pool.close();
    await soon(() => zombies(groups)).toEqual([]);
    expect([...groups].filter((group) => readGroups().has(group))).toEqual([]);
    expect(groups.size).toBeGreaterThan(3);
  });

  it('never run as a single one', async () => {
    await start();
    const [pid = 0] = pool.pids;
    const members = readGroups().get(groupOf(pid)) ?? [];
    expect(members.length).toBeGreaterThan(3);
    for (const member of members) expect(readFileSync(`/proc/${member}/cmdline`, 'utf8')).not.toContain('--single-process');
  });
});

describe('what a browser writes', () => {
  it('stands in a directory of its own, which goes with it, however it ends', async () => {
    await start({ browsers: 2, recycle: { ...NO_RECYCLING, jobs: 1 } });
    expect(readdirSync(folder)).toHaveLength(2);
    const [victim = 0, other = 0] = pool.pids;
    process.kill(victim, 'SIGKILL');
    await soon(() => pool.pids.length === 2 && !pool.pids.includes(victim)).toBe(true);
    await Promise.all([1, 2].map(() => visit(pool, openShop)));
    await soon(() => isAlive(other)).toBe(false);
    await soon(() => readdirSync(folder).length).toBe(2);
  });
});

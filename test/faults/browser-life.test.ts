import { chmodSync, existsSync, mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AllowList } from '../../render-server/src/addresses.ts';
import { createResolver } from '../../render-server/src/browsers/dns.ts';
import { Lease } from '../../render-server/src/browsers/lease.ts';
import type { BrowserPool, PoolOptions } from '../../render-server/src/browsers/pool.ts';
import { groupOf, readGroups } from '../../render-server/src/browsers/processes.ts';
import { CHROMIUM } from '../support/chromium.ts';
import { startCountedSite, type CountedSite } from '../support/counted-site.ts';
import { NO_RECYCLING, startPool } from '../support/pool.ts';
import { isAlive, zombies } from '../support/processes.ts';
import { startServer } from '../support/server.ts';
import { startSite, type Site } from '../support/site.ts';

/** Polls patiently: a browser takes a second to start, and longer on a busy machine. */
const soon = <T>(look: () => T): ReturnType<typeof expect.poll<T>> => expect.poll(look, { timeout: 20_000 });

const never = new AbortController().signal;
const policy = { allow: AllowList.parse(['127.0.0.1']), resolver: createResolver() };

let asked = 0;
let site: Site;
let counted: CountedSite;
beforeAll(async () => {
  site = await startSite({
    '/': '<!doctype html><title>Shop</title><h1>Good things</h1>',
    '/kept': (_, response) => {
      asked += 1;
      response.writeHead(200, { 'content-type': 'text/html', 'cache-control': 'max-age=3600', 'set-cookie': 'seen=yes; Max-Age=3600' }).end('<title>Kept</title>');
    },
  });
  counted = await startCountedSite();
});
afterAll(async () => {
  await site.close();
  await counted.close();
});

let folder: string;
let pool: BrowserPool;
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'cro-life-')); });
afterEach(async () => {
  await pool.close();
  expect(existsSync(folder)).toBe(false);
});

const start = async (options: Partial<PoolOptions> = {}): Promise<BrowserPool> => {
  pool = await startPool({ folder, ...options });
  return pool;
};

/** One job's worth of browser: leases, opens, uses, gives back. */
async function visit<T>(use: (page: Page, pid: number) => Promise<T>, signal = never): Promise<T> {
  const slot = await pool.acquire(signal);
  const lease = await Lease.open(slot, new URL(site.origin), policy, signal);
  try {
    return await lease.withPage({}, signal, (page) => use(page, slot.browser.pid));
  } finally {
    await lease.release();
  }
}

const openShop = async (page: Page, pid: number): Promise<number> => {
  await page.goto(site.origin);
  return pid;
};

describe('a page that never closes', () => {
  it('costs its browser, not the answer: closing is bounded, the browser is killed, the slot comes back', async () => {
    await start();
    const frozen = await visit(async (page, pid) => {
      await page.goto(site.origin);
      process.kill(pid, 'SIGSTOP');
      return pid;
    });
    await soon(() => isAlive(frozen)).toBe(false);
    expect(await visit(openShop)).not.toBe(frozen);
    expect(pool.slots).toEqual({ total: 1, ready: 1, busy: 0 });
  });
});

describe('a lease', () => {
  it.each<[string, (page: Page, pid: number) => Promise<unknown>]>([
    ['an error while the page is used', async () => { throw new Error('mine'); }],
    ['a page that dies', (page) => page.goto('chrome://crash')],
    ['a browser that dies', async (page, pid) => {
      process.kill(pid, 'SIGKILL');
      await page.title();
    }],
  ])('is released after %s', async (_, use) => {
    await start();
    await expect(visit(use)).rejects.toThrow();
    await visit(openShop);
    expect(pool.slots).toEqual({ total: 1, ready: 1, busy: 0 });
  });

  it('is released whenever a cancel comes between asking and giving back, and no page stays open', async () => {
    await start({ pagesPerBrowser: 2 });
    const outcomes = await Promise.allSettled(Array.from({ length: 60 }, async (_, n) => {
      const cancel = new AbortController();
      const visiting = visit(async (page) => {
        await page.goto(`${counted.origin}/?n=${n}`);
        cancel.abort(new Error('cancelled')); // at the latest
        await new Promise(() => {});
      }, cancel.signal);
      void (async () => {
        for (let turns = 0; turns < n * 3; turns += 1) await turn();
        await delay(n % 7 === 0 ? 0 : n * 5);
        cancel.abort(new Error('cancelled'));
      })();
      return visiting;
    }));
    expect(outcomes.map((outcome) => outcome.status === 'rejected' && (outcome.reason as Error).message)).toEqual(outcomes.map(() => 'cancelled'));
    expect(pool.slots).toEqual({ total: 2, ready: 2, busy: 0 });
    await soon(() => counted.open.size).toBe(0);
    expect(await Promise.all([visit(openShop), visit(openShop)])).toHaveLength(2);
  });

  it('is not given to one who has left already', async () => {
    await start();
    await expect(pool.acquire(AbortSignal.abort(new Error('left')))).rejects.toThrow('left');
    expect(pool.slots.busy).toBe(0);
  });
});

describe('a browser that is used again', () => {
  it('shows every job a fresh context: nothing that one page kept is there for the next', async () => {
    await start();
    asked = 0;
    const look = (): Promise<unknown> => visit(async (page, pid) => {
      await page.goto(`${site.origin}/kept`);
      const found = await page.evaluate(`(async () => {
        const kept = [localStorage.length, sessionStorage.length, (await indexedDB.databases()).length, (await caches.keys()).length];
        localStorage.a = sessionStorage.a = 1;
        indexedDB.open('a');
        await caches.open('a');
        return kept;
      })()`);
      return { pid, found, cookies: (await page.context().cookies()).length };
    });
    const first = await look();
    expect(first).toMatchObject({ found: [0, 0, 0, 0], cookies: 1 });
    expect(await look()).toEqual(first);
    expect(asked).toBe(2);
  });
});

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
        const title = await visit(async (page, pid) => {
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
    expect(await visit(openShop)).toBe(first);
    const title = await visit(async (page, pid) => {
      expect(pid).toBe(first);
      await soon(() => pool.pids).toHaveLength(2); // the replacement is warm, the worn one still shows its page
      await page.goto(site.origin);
      return page.title();
    });
    expect(title).toBe('Shop');
    expect(await visit(openShop)).not.toBe(first);
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
    await visit(async (page) => {
      await page.evaluate('(window.kept = Array.from({ length: 40 }, () => new Float64Array(2 ** 20).fill(Math.random()))).length'); // 320 MiB
      await soon(() => pool.pids).toHaveLength(2);
      expect(await page.evaluate('window.kept.length')).toBe(40);
    });
    await soon(() => isAlive(first)).toBe(false);
    expect(await visit(openShop)).not.toBe(first);
  });

  it('does not wait for ever for the last page of a worn browser', async () => {
    await start({ recycle: { ...NO_RECYCLING, jobs: 1, drainMs: 100 } });
    const endless = visit(() => new Promise(() => {}));
    await expect(endless).rejects.toMatchObject({ code: 'browser_crashed' });
    expect(await visit(openShop)).toBeGreaterThan(0);
  });
});

describe('processes', () => {
  it('are all gone when their browser has crashed or been recycled, with no zombie left', async () => {
    await start({ browsers: 2, recycle: { ...NO_RECYCLING, jobs: 4 } });
    const groups = new Set<number>();
    for (let n = 0; n < 12; n += 1) {
      await soon(() => pool.slots.ready).toBe(2);
      for (const pid of pool.pids) groups.add(groupOf(pid));
      await visit(async (page, pid) => {
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
    await Promise.all([1, 2].map(() => visit(openShop)));
    await soon(() => isAlive(other)).toBe(false);
    await soon(() => readdirSync(folder).length).toBe(2);
  });
});

describe('a launch that fails', () => {
  it('is tried again until it works, and readiness says so meanwhile', async () => {
    const script = join(mkdtempSync(join(tmpdir(), 'cro-script-')), 'chromium');
    const become = (line: string): void => {
      writeFileSync(script, `#!/bin/sh\n${line}\n`);
      chmodSync(script, 0o755);
    };
    become(`exec ${CHROMIUM} "$@"`);
    const server = await startServer({ CRO_CHROMIUM_PATH: script, CRO_DATA_DIR: folder });
    pool = server.app.pool;
    const ready = async (): Promise<number> => (await fetch(`${server.url}/readyz`)).status;
    expect(await ready()).toBe(200);
    become('exit 1');
    for (const pid of pool.pids) process.kill(pid, 'SIGKILL');
    await soon(ready).toBe(503);
    const job = server.client().submit({ url: site.origin, devices: ['mobile'] });
    await delay(1_000); // some launches fail
    expect(await ready()).toBe(503);
    become(`exec ${CHROMIUM} "$@"`);
    await soon(ready).toBe(200);
    expect((await job.result).page.title).toBe('Shop');
    await server.close();
    await rm(join(script, '..'), { recursive: true });
  });
});

describe('a screenshot', () => {
  it('is taken of a page that another one hides', async () => {
    await start({ pagesPerBrowser: 2 });
    const png = await visit(async (hidden) => {
      await hidden.goto(site.origin);
      return visit(async (front) => {
        await front.goto(site.origin);
        await front.bringToFront();
        return hidden.screenshot();
      });
    });
    expect(png.length).toBeGreaterThan(1_000);
  });

  it('of a page that does not paint ends with the job, and the next job gets its page', async () => {
    await start();
    const deadline = new AbortController();
    const stuck = visit(async (page, pid) => {
      await page.goto(site.origin);
      for (const member of readGroups().get(groupOf(pid)) ?? []) if (/--type=(renderer|gpu-process)/.test(readFileSync(`/proc/${member}/cmdline`, 'utf8'))) process.kill(member, 'SIGSTOP');
      const shot = page.screenshot({ timeout: 0 });
      setTimeout(() => deadline.abort(new Error('deadline')), 500);
      return shot;
    }, deadline.signal);
    await expect(stuck).rejects.toThrow('deadline');
    expect(await visit(openShop)).toBeGreaterThan(0);
    expect(pool.slots).toEqual({ total: 1, ready: 1, busy: 0 });
  });
});

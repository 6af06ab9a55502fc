import { chmodSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { BrowserPool, PoolOptions } from '../../render-server/src/browsers/pool.ts';
import { CHROMIUM } from '../support/chromium.ts';
import { startCountedSite, type CountedSite } from '../support/counted-site.ts';
import { startPool, visit } from '../support/pool.ts';
import { isAlive, partsOf } from '../support/processes.ts';
import { startServer } from '../support/server.ts';
import { startSite, type Site } from '../support/site.ts';

/** Polls patiently: a browser takes a second to start, and longer on a busy machine. */
const soon = <T>(look: () => T): ReturnType<typeof expect.poll<T>> => expect.poll(look, { timeout: 20_000 });

/** Asked for the sandbox it goes without, as it must where the tests run as root. */
const CHROMIUM_AS_IF_SANDBOXED = `exec ${CHROMIUM} --no-sandbox "$@"`;

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

describe('a page that never closes', () => {
  it('costs its browser, not the answer: closing is bounded, the browser is killed, the slot comes back', async () => {
    await start();
    const frozen = await visit(pool, async (page, pid) => {
      await page.goto(site.origin);
      process.kill(pid, 'SIGSTOP');
      return pid;
    });
    await soon(() => isAlive(frozen)).toBe(false);
    expect(await visit(pool, openShop)).not.toBe(frozen);
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
    await expect(visit(pool, use)).rejects.toThrow();
    await visit(pool, openShop);
    expect(pool.slots).toEqual({ total: 1, ready: 1, busy: 0 });
  });

  it('is released whenever a cancel comes between asking and giving back, and no page stays open', async () => {
    await start({ pagesPerBrowser: 2 });
    const outcomes = await Promise.allSettled(Array.from({ length: 60 }, async (_, n) => {
      const cancel = new AbortController();
      const visiting = visit(pool, async (page) => {
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
    await soon(() => pool.pids.flatMap((pid) => partsOf(pid, '--type=renderer'))).toEqual([]); // their gate closes on pages that stay open, too
    expect(await Promise.all([visit(pool, openShop), visit(pool, openShop)])).toHaveLength(2);
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
    const look = (): Promise<unknown> => visit(pool, async (page, pid) => {
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

describe('a launch that fails', () => {
  it('is tried again until it works, and readiness says so meanwhile', async () => {
    const script = join(mkdtempSync(join(tmpdir(), 'cro-script-')), 'chromium');
    const become = (line: string): void => {
      writeFileSync(script, `#!/bin/sh\n${line}\n`);
      chmodSync(script, 0o755);
    };
    become(CHROMIUM_AS_IF_SANDBOXED);
    const server = await startServer({ CRO_CHROMIUM_PATH: script, CRO_SANDBOX: 'on' });
    pool = server.app.pool;
    const ready = async (): Promise<number> => (await fetch(`${server.url}/readyz`)).status;
    expect(await ready()).toBe(200);
    become('exit 1');
    for (const pid of pool.pids) process.kill(pid, 'SIGKILL');
    await soon(ready).toBe(503);
    const job = server.client().submit({ url: site.origin, devices: ['mobile'] });
    await delay(1_000); // some launches fail
    expect(await (await fetch(`${server.url}/readyz`)).json()).toMatchObject({ ready: false, reasons: ['no browser is running'], sandbox: true });
    become(CHROMIUM_AS_IF_SANDBOXED);
    await soon(ready).toBe(200);
    expect((await job.result).page.title).toBe('Shop');
    await server.close();
    await rm(join(script, '..'), { recursive: true });
  });
});

describe('a screenshot', () => {
  it('is taken of a page that another one hides', async () => {
    await start({ pagesPerBrowser: 2 });
    const png = await visit(pool, async (hidden) => {
      await hidden.goto(site.origin);
      return visit(pool, async (front) => {
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
    const stuck = visit(pool, async (page, pid) => {
      await page.goto(site.origin);
      for (const part of ['--type=renderer', '--type=gpu-process']) for (const member of partsOf(pid, part)) process.kill(member, 'SIGSTOP');
      const shot = page.screenshot({ timeout: 0 });
      setTimeout(() => deadline.abort(new Error('deadline')), 500);
      return shot;
    }, deadline.signal);
    await expect(stuck).rejects.toThrow('deadline');
    expect(await visit(pool, openShop)).toBeGreaterThan(0);
    expect(pool.slots).toEqual({ total: 1, ready: 1, busy: 0 });
  });
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { pino } from 'pino';
import { afterAll } from 'vitest';
import { AllowList } from '../../render-server/src/addresses.ts';
import { createResolver } from '../../render-server/src/browsers/dns.ts';
import { Lease } from '../../render-server/src/browsers/lease.ts';
import { BrowserPool, type PoolOptions } from '../../render-server/src/browsers/pool.ts';
import { CHROMIUM } from './chromium.ts';

/** Limits that no test reaches by chance. */
export const NO_RECYCLING = { jobs: 1_000_000, ageMs: 3_600_000, memoryBytes: 2 ** 40, drainMs: 60_000 };

const folders: string[] = [];
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

/** The server's own pool: one browser with one page, unless the options say otherwise, in a folder that goes after the tests. */
export async function startPool(options: Partial<PoolOptions> = {}): Promise<BrowserPool> {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'cro-pool-'));
  folders.push(folder);
  return BrowserPool.start({
    browsers: 1, pagesPerBrowser: 1, executablePath: CHROMIUM, sandbox: 'auto', logger: pino({ level: 'silent' }), recycle: NO_RECYCLING,
    ...options,
    folder,
  }, new AbortController().signal);
}

const policy = { allow: AllowList.parse(['127.0.0.1']), resolver: createResolver() };

/** What one job does with the pool: leases a page, uses it, gives it back. `use` gets the process id of its browser too. */
export async function visit<T>(pool: BrowserPool, use: (page: Page, pid: number) => Promise<T>, signal = new AbortController().signal): Promise<T> {
  const slot = await pool.acquire(signal);
  const lease = await Lease.open(slot, new URL('http://127.0.0.1/'), policy, signal);
  try {
    return await lease.withPage({}, signal, (page) => use(page, slot.browser.pid));
  } finally {
    await lease.release();
  }
}

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { BrowserPool, type PoolOptions } from '../../render-server/src/browsers/pool.ts';
import { CHROMIUM } from './chromium.ts';

/** Limits that no test reaches by chance. */
export const NO_RECYCLING = { jobs: 1_000_000, ageMs: 3_600_000, memoryBytes: 2 ** 40, drainMs: 60_000 };

/** The server's own pool: one browser with one page, unless the options say otherwise, in a folder that is removed with it. */
export async function startPool(options: Partial<PoolOptions> = {}): Promise<BrowserPool> {
  const folder = mkdtempSync(join(tmpdir(), 'cro-pool-'));
  return BrowserPool.start({
    browsers: 1, pagesPerBrowser: 1, executablePath: CHROMIUM, sandbox: 'auto', logger: pino({ level: 'silent' }), folder, recycle: NO_RECYCLING,
    ...options,
  });
}

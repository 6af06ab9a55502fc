import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BrowserPool } from '../../render-server/src/browsers/pool.ts';
import { familyOf, groupOf, privateMemory } from '../../render-server/src/browsers/processes.ts';
import { NO_RECYCLING, startPool, visit } from '../support/pool.ts';
import { readGroups, zombies } from '../support/processes.ts';
import { startSite, testSites, type Site } from '../support/site.ts';

const JOBS = 1_000;
const KILL_EVERY = 50;

const PAGES = ['/product', '/saas', '/lead', '/article', '/pricing'];

let site: Site;
let folder: string;
let pool: BrowserPool;
beforeAll(async () => {
  site = await startSite(testSites());
  folder = mkdtempSync(join(tmpdir(), 'cro-thousand-'));
  pool = await startPool({ folder, browsers: 2, pagesPerBrowser: 2, recycle: { ...NO_RECYCLING, jobs: 100 } });
});
afterAll(async () => {
  await pool.close();
  await site.close();
});

describe('after a thousand jobs, with browsers killed and recycled among them', () => {
  it('there is no zombie, no directory left, no slot lost, and no memory grown', async () => {
    const groups = new Set<number>();
    const rows: Record<string, number>[] = [];
    let next = 0;
    let crashed = 0;

    const measure = (): void => {
      rows.push({
        jobs: next, crashed, browsers: groups.size,
        serverMB: Math.round(process.memoryUsage().rss / 2 ** 20),
        browsersMB: Math.round(pool.pids.reduce((sum, pid) => sum + privateMemory(familyOf(pid)), 0) / 2 ** 20),
        directories: readdirSync(folder).length,
        zombies: zombies(groups).length,
        drift: Number(pool.drift.toFixed(2)),
      });
    };

    const worker = async (): Promise<void> => {
      while (next < JOBS) {
        const n = next++;
        for (const pid of pool.pids) groups.add(groupOf(pid));
        if (n % 100 === 99) measure();
        try {
          await visit(pool, async (page, pid) => {
            await page.goto(site.origin + PAGES[n % PAGES.length]);
            if (n % KILL_EVERY === KILL_EVERY - 1) process.kill(pid, 'SIGKILL');
            await picture(page);
          });
        } catch (error) {
          expect(error).toMatchObject({ code: 'browser_crashed' });
          crashed += 1;
        }
      }
    };
    await Promise.all(Array.from({ length: 6 }, worker)); // more than there are pages

    await expect.poll(() => pool.slots, { timeout: 20_000 }).toEqual({ total: 4, ready: 4, busy: 0 });
    await expect.poll(() => pool.pids.length, { timeout: 20_000 }).toBe(2);
    await expect.poll(() => readdirSync(folder).length, { timeout: 20_000 }).toBe(2);
    measure();
    process.stdout.write(`\n${table(rows)}\n`);
    expect(crashed).toBeGreaterThanOrEqual(JOBS / KILL_EVERY);
    expect(groups.size).toBeGreaterThan(JOBS / KILL_EVERY);
    // What a killed browser leaves is the machine's to reap, which takes a moment.
    await expect.poll(() => zombies(groups), { timeout: 20_000 }).toEqual([]);
    const living = pool.pids.map(groupOf);
    expect([...groups].filter((group) => readGroups().has(group) && !living.includes(group))).toEqual([]);
    // The first three hundred fill caches; from there on neither the server nor its browsers may grow by more than half.
    const [first, last] = [rows[2], rows.at(-1)];
    expect(last?.serverMB).toBeLessThan((first?.serverMB ?? 0) * 1.5);
    expect(last?.browsersMB).toBeLessThan((first?.browsersMB ?? 0) * 1.5);
    await pool.close();
    expect(readdirSync(folder)).toEqual([]);
    await expect.poll(() => zombies(groups), { timeout: 20_000 }).toEqual([]);
  });
});

/** Chromium now and then refuses a picture for a moment, and takes the very same one when it is asked again. */
async function picture(page: Page): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    const refused: unknown = await page.screenshot({ type: 'jpeg' }).then(() => undefined, (error: unknown) => error);
    if (refused === undefined) return;
    if (tries === 10 || !String(refused).includes('Unable to capture screenshot')) throw refused;
    await delay(200);
  }
}

function table(rows: Record<string, number>[]): string {
  const columns = Object.keys(rows[0] ?? {});
  const line = (cells: (string | number)[]): string => `| ${cells.join(' | ')} |`;
  return [line(columns), line(columns.map(() => '---')), ...rows.map((row) => line(columns.map((column) => row[column] ?? 0)))].join('\n');
}

import { mkdtempSync, readdirSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { groupsUsing } from '../../render-server/src/browsers/processes.ts';
import { isAlive, readGroups } from '../support/processes.ts';
import { spawnServer, type ServerProcess } from '../support/server-process.ts';

let base: string;
let dataDir: string;
let temporary: string;
let server: ServerProcess;
beforeEach(async () => {
  base = mkdtempSync(join(tmpdir(), 'cro-restart-'));
  dataDir = join(base, 'data');
  temporary = join(base, 'tmp');
  await mkdir(temporary);
});
afterEach(async () => {
  await server.end('SIGKILL');
  await rm(base, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
});

const start = async (): Promise<void> => {
  server = await spawnServer({ CRO_DATA_DIR: dataDir, TMPDIR: temporary });
};
const browsers = (): string => join(dataDir, 'browsers');

/** Groups of the browsers that the data folder belongs to. */
const groups = (): number[] => groupsUsing(browsers(), () => true);

/** All their processes. */
const members = (): number[] => groups().flatMap((group) => readGroups().get(group) ?? []);

describe('a server that is killed', () => {
  it('leaves no browser behind', async () => {
    await start();
    const left = members();
    expect(left.length).toBeGreaterThan(3);
    await server.end('SIGKILL');
    await expect.poll(() => left.filter(isAlive), { timeout: 20_000 }).toEqual([]);
  });

  it('over and over leaves to its next start what it could not end or remove: frozen browsers are killed, their directories swept', async () => {
    const left: number[] = [];
    for (let crash = 0; crash < 2; crash += 1) {
      await start();
      const frozen = groups();
      left.push(...members());
      for (const group of frozen) process.kill(-group, 'SIGSTOP');
      await server.end('SIGKILL');
      expect(frozen).toHaveLength(1);
      expect(groups()).toEqual(frozen); // nothing but a kill ends it
    }
    const swept = readdirSync(browsers());
    await start();
    expect(left.filter(isAlive)).toEqual([]);
    expect(readdirSync(browsers())).toHaveLength(1);
    expect(swept).not.toContain(readdirSync(browsers())[0]);
  });
});

describe('a server that stops', () => {
  it('leaves no process and no file of its browsers, neither in its data folder nor in that for temporary files', async () => {
    await start();
    const left = members();
    expect(readdirSync(browsers())).toHaveLength(1);
    expect(await server.end('SIGTERM')).toEqual([0, null]);
    expect(left.filter(isAlive)).toEqual([]);
    expect(readdirSync(browsers())).toEqual([]);
    expect(readdirSync(temporary)).toEqual([]);
  });
});

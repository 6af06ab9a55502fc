import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isAlive } from '../support/processes.ts';
import { startServer } from '../support/server.ts';

let dataDir: string;
beforeEach(() => { dataDir = mkdtempSync(join(tmpdir(), 'cro-folder-')); });
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const put = (...path: string[]): void => {
  mkdirSync(join(dataDir, ...path.slice(0, -1)), { recursive: true });
  writeFileSync(join(dataDir, ...path), 'x');
};
const startAndStop = async (meanwhile: () => Promise<unknown> = async () => {}): Promise<void> => {
  const server = await startServer({ CRO_DATA_DIR: dataDir });
  await meanwhile().finally(() => server.close({ keepData: true }));
};

describe('a data folder with files of somebody else', () => {
  it.each(['browsers', 'blobs'])('is refused with a word on what to do when they are in %s, and not touched', async (folder) => {
    put(folder, 'family_photos', 'keep.jpg');
    const before = readdirSync(dataDir, { recursive: true });
    await expect(startAndStop()).rejects.toMatchObject({ code: 'internal', reason: 'data_dir_not_ours', message: expect.stringContaining(`Set CRO_DATA_DIR to a folder of its own, or empty ${join(dataDir, folder)}`) });
    expect(readdirSync(dataDir, { recursive: true })).toEqual(before);
  });

  it('is taken where both are empty, as when file systems are mounted there; then they stay', async () => {
    for (const folder of ['browsers', 'blobs']) mkdirSync(join(dataDir, folder));
    await startAndStop();
    expect(readdirSync(join(dataDir, 'browsers'))).toEqual([]);
  });

  it('loses none that came later, while what the server left there itself is swept in spite of them', async () => {
    await startAndStop();
    const foreign = [['browsers', 'backups', 'a'], ['browsers', '.DS_Store'], ['browsers', 'cro-abcdef.txt'], ['blobs', '.DS_Store'], ['blobs', 'family_photos', 'keep.jpg']];
    const left = [['browsers', 'cro-a1B2c3', 'profile'], ['blobs', 'job_a', 'art_x'], ['blobs', 'job_b', 'art_y']];
    for (const path of [...foreign, ...left]) put(...path);
    await startAndStop(() => expect.poll(() => left.filter((path) => existsSync(join(dataDir, ...path)))).toEqual([]));
    expect(foreign.filter((path) => !existsSync(join(dataDir, ...path)))).toEqual([]);
  });
});

describe('a data folder that cannot be made', () => {
  it.skipIf(process.platform !== 'linux').each(['/proc/nope', '/proc/nope/deeper'])('is named with a word on what to do: %s', async (folder) => {
    await expect(startServer({ CRO_DATA_DIR: folder })).rejects.toMatchObject({ reason: 'data_dir', message: expect.stringMatching(new RegExp(`^The data folder ${folder} cannot be made: .*Set CRO_DATA_DIR`)) });
  });

  it('is made with all the folders above it where that is possible', async () => {
    const server = await startServer({ CRO_DATA_DIR: join(dataDir, 'a', 'b', 'c') });
    await server.close({ keepData: true });
    expect(existsSync(join(dataDir, 'a', 'b', 'c', 'cro.sqlite'))).toBe(true);
  });
});

describe.skipIf(process.platform !== 'linux')('a process of somebody else', () => {
  it('lives on although its command line names the folder of the browsers', async () => {
    const browsers = join(dataDir, 'browsers');
    const words = [`--exclude=${browsers}/`, `--user-data-dir=${browsers}/backups/profile`, `--database=${browsers}/cro-a1B2c3/x`];
    const strangers = words.map((word) => spawn('sh', ['-c', 'echo ready; read line; true', 'backup', word], { detached: true, stdio: ['pipe', 'pipe', 'ignore'] }));
    await Promise.all(strangers.map(({ stdout }) => once(stdout, 'data')));
    await startAndStop();
    expect(strangers.map(({ pid }) => isAlive(pid ?? 0))).toEqual([true, true, true]);
    const ours = spawn('sh', ['-c', 'echo ready; read line; true', 'chromium', `--user-data-dir=${browsers}/cro-a1B2c3/profile`], { detached: true, stdio: ['pipe', 'pipe', 'ignore'] });
    await once(ours.stdout, 'data');
    const ended = once(ours, 'exit');
    await startAndStop();
    expect(await ended).toEqual([null, 'SIGKILL']);
    for (const { stdin } of strangers) stdin.end();
  });
});

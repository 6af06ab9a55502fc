import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FileBlobs } from '../../render-server/src/blobs/blobs.ts';

let folder: string;
let blobs: FileBlobs;

beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'cro-blobs-')), 'blobs');
  blobs = await FileBlobs.open(folder);
});

afterEach(async () => {
  await rm(join(folder, '..'), { recursive: true, force: true });
});

describe('blobs in a folder', () => {
  it('are there as they were put, and only under their key', async () => {
    await blobs.put('job_1/art_1', Buffer.from('first'));
    await blobs.put('job_1/art_1', Buffer.from('second'));
    expect((await blobs.get('job_1/art_1'))?.toString()).toBe('second');
    expect(await blobs.get('job_1/art_2')).toBeUndefined();
  });

  it('are listed and removed by their first segment', async () => {
    for (const key of ['job_1/a', 'job_1/b', 'job_2/a']) await blobs.put(key, Buffer.from(key));
    expect((await blobs.list()).toSorted()).toEqual(['job_1', 'job_2']);
    await blobs.remove('job_1');
    await blobs.remove('job_1');
    expect(await blobs.list()).toEqual(['job_2']);
    expect(await blobs.get('job_1/a')).toBeUndefined();
    expect((await blobs.get('job_2/a'))?.toString()).toBe('job_2/a');
  });

  it.each(['', '..', '../x', 'a/../../x', '/etc/passwd', 'a//b', '.parts', 'a/b.txt', 'a\\b'])('cannot be asked for outside of it: %j', async (key) => {
    await expect(blobs.get(key)).rejects.toThrow('not a blob key');
    await expect(blobs.put(key, Buffer.of(1))).rejects.toThrow('not a blob key');
    await expect(blobs.remove(key)).rejects.toThrow('not a blob key');
  });

  it('leave nothing of a write that fails', async () => {
    await blobs.put('job_1', Buffer.from('a file where a folder must be'));
    await expect(blobs.put('job_1/art_1', Buffer.from('lost'))).rejects.toThrow();
    expect(await readdir(join(folder, '.parts'))).toEqual([]);
  });

  it('lose at the next start what was half written when the server was killed', async () => {
    await blobs.put('job_1/art_1', Buffer.from('whole'));
    await mkdir(join(folder, '.parts'), { recursive: true });
    await writeFile(join(folder, '.parts', 'half'), 'ha');
    blobs = await FileBlobs.open(folder);
    expect(await readdir(join(folder, '.parts'))).toEqual([]);
    expect((await blobs.get('job_1/art_1'))?.toString()).toBe('whole');
  });
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FileBlobs } from '../../render-server/src/blobs/blobs.ts';
import { ArtifactStore } from '../../render-server/src/store/artifacts.ts';
import { openDatabase, type Database } from '../../render-server/src/store/database.ts';
import { addEvent, EventStore } from '../../render-server/src/store/events.ts';
import { Retention } from '../../render-server/src/store/retention.ts';
import { addUsage, dayOf } from '../../render-server/src/store/usage.ts';
import { addWebhook, makeDue } from '../../render-server/src/store/webhooks.ts';

const NOW = Date.UTC(2026, 10, 23, 12);
const DAY = 86_400_000;
const MB = 1_000_000;

let folder: string;
let database: Database;
let blobs: FileBlobs;
let retention: Retention;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cro-retention-'));
  await open();
});

afterEach(async () => {
  await retention.stop();
  await database.destroy();
  await rm(folder, { recursive: true, force: true });
});

async function open(): Promise<void> {
  database = await openDatabase(folder);
  blobs = await FileBlobs.open(join(folder, 'blobs'));
  limitTo(1_000 * MB);
}

function limitTo(maxBytes: number): void {
  retention = new Retention({ database, blobs, days: 30, maxBytes, logger: pino({ level: 'silent' }) });
}

/** A job with one artifact, ended so many days ago, or open. */
async function job(id: string, endedDaysAgo: number | null, { batch = null, artifactBytes = 100, result = null }: { batch?: string | null; artifactBytes?: number; result?: string | null } = {}): Promise<void> {
  const ended = endedDaysAgo === null ? null : NOW - endedDaysAgo * DAY;
  await database.insertInto('jobs').values({
    id, owner: 'owner', batch, idempotency_key: id, request: '{}', stage: ended === null ? 'queued' : 'done', attempts: 1,
    created_at: NOW - 90 * DAY, ended_at: ended, result,
  }).execute();
  await new ArtifactStore(database, blobs).add({ id, owner: 'owner' }, { kind: 'report', name: 'report.html', contentType: 'text/html', device: null }, Buffer.alloc(artifactBytes));
}

async function batch(id: string, endedDaysAgo: number | null): Promise<void> {
  await database.insertInto('batches').values({ id, owner: 'owner', idempotency_key: id, digest: '', created_at: NOW - 90 * DAY, ended_at: endedDaysAgo === null ? null : NOW - endedDaysAgo * DAY }).execute();
}

async function webhook(subject: string, state: 'waiting' | 'due' | 'delivered'): Promise<void> {
  await addWebhook(database, { owner: 'owner', subject, webhook: { url: 'https://example.com/', secret: 'a secret of the caller' } });
  if (state !== 'waiting') await makeDue(database, subject, NOW);
  if (state === 'delivered') await database.updateTable('webhooks').set({ state }).where('subject', '=', subject).execute();
}

async function event(subject: string): Promise<void> {
  const counts = { jobs: 1, open: 0, done: 1, failed: 0, cancelled: 0 };
  await database.transaction().execute((trx) => addEvent(trx, 'owner', subject.startsWith('bat_')
    ? { type: 'batch_ended', batch: subject, counts }
    : { type: 'ended', job: subject, batch: null, state: 'cancelled', page: { url: 'https://example.com/', title: null }, scores: null, error: null }));
}

const eventSubjects = async (): Promise<string[]> => (await database.selectFrom('events').select('subject').orderBy('subject').execute()).map(({ subject }) => subject);
const ids = async (table: 'jobs' | 'batches'): Promise<string[]> => (await database.selectFrom(table).select('id').orderBy('id').execute()).map(({ id }) => id);
const folders = async (): Promise<string[]> => (await blobs.list()).toSorted();
const subjects = async (): Promise<string[]> => (await database.selectFrom('webhooks').select('subject').orderBy('subject').execute()).map(({ subject }) => subject);

describe('what is older than the retention', () => {
  it('goes with everything that belongs to it; what is younger or open stays', async () => {
    await job('job_old', 31);
    await job('job_young', 29);
    await job('job_open', null);
    for (const subject of ['job_old', 'job_young']) await webhook(subject, 'delivered');
    await retention.sweep(NOW);
    expect(await ids('jobs')).toEqual(['job_open', 'job_young']);
    expect(await folders()).toEqual(['job_open', 'job_young']);
    expect((await database.selectFrom('artifacts').select('job').orderBy('job').execute()).map((row) => row.job)).toEqual(['job_open', 'job_young']);
    expect(await subjects()).toEqual(['job_young']);
  });

  it('stays while its message, or that of its batch, is still to be delivered', async () => {
    await batch('bat_1', 31);
    await job('job_1', 31);
    await job('job_2', 31, { batch: 'bat_1' });
    await job('job_3', 31);
    await webhook('job_1', 'due');
    await webhook('bat_1', 'due');
    await retention.sweep(NOW);
    expect(await ids('jobs')).toEqual(['job_1', 'job_2']);
    await database.updateTable('webhooks').set({ state: 'failed' }).execute();
    await retention.sweep(NOW);
    expect([await ids('jobs'), await ids('batches'), await subjects(), await folders()]).toEqual([[], [], [], []]);
  });

  it('a batch goes with the last of its jobs, and the jobs of an open batch stay', async () => {
    await batch('bat_old', 31);
    await batch('bat_half', 29);
    await batch('bat_open', null);
    await job('job_1', 32, { batch: 'bat_old' });
    await job('job_2', 31, { batch: 'bat_old' });
    await job('job_3', 31, { batch: 'bat_half' });
    await job('job_4', 29, { batch: 'bat_half' });
    await job('job_5', 31, { batch: 'bat_open' });
    await job('job_6', null, { batch: 'bat_open' });
    for (const subject of ['bat_old', 'bat_half']) await webhook(subject, 'delivered');
    await retention.sweep(NOW);
    expect(await ids('batches')).toEqual(['bat_half', 'bat_open']);
    expect(await ids('jobs')).toEqual(['job_4', 'job_5', 'job_6']);
    expect(await subjects()).toEqual(['bat_half']);
  });

  it('takes its events and its use with it, and no event number is used twice', async () => {
    await batch('bat_old', 31);
    await batch('bat_half', 31);
    await job('job_1', 31, { batch: 'bat_old' });
    await job('job_2', 31, { batch: 'bat_half' });
    await job('job_3', 29, { batch: 'bat_half' });
    for (const id of ['bat_old', 'job_1', 'bat_half', 'job_2', 'job_3']) await event(id);
    await database.updateTable('events').set({ created_at: NOW - 90 * DAY }).execute();
    for (const days of [31, 30, 1]) await addUsage(database, dayOf(NOW - days * DAY), ['total'], { jobs: 1, usd: 0.1 });
    await retention.sweep(NOW);
    expect(await eventSubjects()).toEqual(['bat_half', 'job_3']);
    expect((await database.selectFrom('usage').select('day').orderBy('day').execute()).map(({ day }) => day)).toEqual([dayOf(NOW - 30 * DAY), dayOf(NOW - DAY)]);
    limitTo(1);
    await retention.sweep(NOW);
    expect(await eventSubjects()).toEqual([]);
    await event('job_new');
    expect((await new EventStore(database).after('owner', 0, 10)).map((entry) => entry.event)).toEqual([6]);
  });

  it('gives its space back to the file system', async () => {
    for (let index = 0; index < 60; index += 1) await job(`job_${index}`, 31, { result: JSON.stringify('x'.repeat(100_000)) });
    const file = join(folder, 'cro.sqlite');
    await database.destroy(); // the log is written into the file
    const before = (await stat(file)).size;
    await open();
    await retention.sweep(NOW);
    await database.destroy();
    expect(before).toBeGreaterThan(6 * MB);
    expect((await stat(file)).size).toBeLessThan(MB);
    await open();
  });
});

describe('data that is larger than its limit', () => {
  it('loses the oldest ended jobs until it is below nine tenths of it', async () => {
    for (const [id, days] of [['c', 3], ['a', 9], ['e', 1], ['b', 5], ['d', 2]] as const) await job(`job_${id}`, days, { artifactBytes: MB });
    await job('job_open', null, { artifactBytes: MB });
    limitTo(6.5 * MB); // 6 MB of artifacts and some pages
    await retention.sweep(NOW);
    expect(await ids('jobs')).toHaveLength(6);
    limitTo(4.5 * MB);
    await retention.sweep(NOW);
    expect(await ids('jobs')).toEqual(['job_d', 'job_e', 'job_open']);
    expect(await folders()).toEqual(['job_d', 'job_e', 'job_open']);
  });

  it('counts what lies in the database, not only files', async () => {
    for (let index = 0; index < 9; index += 1) await job(`job_${index}`, 9 - index, { result: JSON.stringify('x'.repeat(MB)) });
    limitTo(5 * MB);
    await retention.sweep(NOW);
    expect(await ids('jobs')).toEqual(['job_5', 'job_6', 'job_7', 'job_8']);
  });

  it('loses last what has a message still to be delivered', async () => {
    for (const [id, days] of [['a', 9], ['b', 5], ['c', 1]] as const) await job(`job_${id}`, days, { artifactBytes: MB });
    await webhook('job_a', 'due');
    for (const id of ['job_a', 'job_b', 'job_c']) await event(id);
    limitTo(2 * MB);
    await retention.sweep(NOW);
    expect(await ids('jobs')).toEqual(['job_a']);
    expect(await eventSubjects()).toEqual(['job_a']); // the end of a job that stays is told, also when later ones are gone
    limitTo(MB);
    await retention.sweep(NOW);
    expect([await ids('jobs'), await subjects()]).toEqual([[], []]);
  });

  it('never loses an open job or a part of an open batch, however large they are', async () => {
    await batch('bat_open', null);
    await job('job_open', null, { artifactBytes: MB, batch: 'bat_open' });
    await job('job_part', 5, { artifactBytes: MB, batch: 'bat_open' });
    limitTo(1);
    await retention.sweep(NOW);
    expect(await ids('jobs')).toEqual(['job_open', 'job_part']);
  });
});

describe('a server that is killed while it removes', () => {
  it.each(['before', 'after'])('%s the files of a job are gone leaves nothing that is never removed', async (moment) => {
    await job('job_old', 31);
    await job('job_young', 1);
    await database.destroy();
    const source = new URL('../../render-server/src/', import.meta.url);
    const child = spawn(process.execPath, ['--input-type=module', '--eval', `
      import { FileBlobs } from '${source}blobs/blobs.ts';
      import { openDatabase } from '${source}store/database.ts';
      import { Retention } from '${source}store/retention.ts';
      const blobs = await FileBlobs.open(${JSON.stringify(join(folder, 'blobs'))});
      const remove = blobs.remove.bind(blobs);
      blobs.remove = async (segment) => {
        if ('${moment}' === 'after') await remove(segment);
        process.kill(process.pid, 'SIGKILL');
      };
      const database = await openDatabase(${JSON.stringify(folder)});
      await new Retention({ database, blobs, days: 30, maxBytes: 1e9, logger: { info() {}, error() {} } }).sweep(${NOW});`], { stdio: 'inherit' });
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
    await open();
    await retention.sweep(NOW);
    expect(await ids('jobs')).toEqual(['job_young']);
    expect(await folders()).toEqual(['job_young']);
    expect((await database.selectFrom('artifacts').select('job').execute()).map((row) => row.job)).toEqual(['job_young']);
  });
});

describe('a running server', () => {
  it('removes at its start the files of jobs that are gone, and stops between two steps', async () => {
    await blobs.put('job_gone/art_1', Buffer.of(1));
    for (let index = 0; index < 100; index += 1) await job(`job_${index}`, 31);
    const underWay = Promise.withResolvers<void>();
    const remove = blobs.remove.bind(blobs);
    blobs.remove = (segment) => {
      if (segment !== 'job_gone') underWay.resolve();
      return remove(segment);
    };
    retention.start();
    await underWay.promise;
    await retention.stop();
    const left = await ids('jobs');
    expect(left.length).toBeGreaterThan(0);
    expect(left.length).toBeLessThan(100);
    expect(await folders()).toEqual(left);
  });
});

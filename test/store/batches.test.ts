import { AnalysisRequest } from '@cro-analyzer/protocol/messages';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BatchStore, type Batch } from '../../render-server/src/store/batches.ts';
import { openDatabase, type Database } from '../../render-server/src/store/database.ts';
import { JobStore, type JobFacts, type NewJob } from '../../render-server/src/store/jobs.ts';
import { dayOf, UsageStore } from '../../render-server/src/store/usage.ts';
import { WebhookStore } from '../../render-server/src/store/webhooks.ts';

const webhook = { url: 'https://example.com/hook', secret: 'a secret of the caller' };

let folder: string;
let database: Database;
let jobs: JobStore;
let batches: BatchStore;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cro-batches-'));
  database = await openDatabase(folder);
  jobs = new JobStore(database);
  batches = new BatchStore(database);
});

afterEach(async () => {
  await database.destroy();
  await rm(folder, { recursive: true, force: true });
});

const newJobs = (count: number, extra: object = {}): NewJob[] => Array.from({ length: count }, (_, index) => ({
  caller: { owner: 'ann', ip: '192.0.2.1' }, onLost: 'finish', scopes: ['total'],
  request: AnalysisRequest.parse({ url: `https://example.com/${index}`, ...extra }),
}));

async function insert(made: NewJob[], key = 'a batch', more: object = {}): Promise<{ batch: Batch; jobs: JobFacts[] }> {
  const stored = await jobs.insertBatch(made, { owner: 'ann', idempotencyKey: key, digest: key, ...more });
  if ('known' in stored) throw new Error('there is one already');
  return stored;
}

describe('a stored batch', () => {
  it('has all its jobs in their order, and is answered as it is read later', async () => {
    const stored = await insert(newJobs(250));
    expect(stored.batch).toEqual(await batches.find(stored.batch.id));
    expect(stored.batch.counts).toEqual({ jobs: 250, open: 250, done: 0, failed: 0, cancelled: 0 });
    expect(stored.jobs.map(({ request }) => request.url)).toEqual(newJobs(250).map(({ request }) => request.url));
    expect((await jobs.ofBatch(stored.batch.id)).map(({ id }) => id)).toEqual(stored.jobs.map(({ id }) => id));
    expect(stored.jobs[249]).toEqual(await jobs.facts(stored.jobs[249]?.id ?? ''));
    expect((await new UsageStore(database).of(dayOf(Date.now()))).get('total')).toEqual({ jobs: 250, usd: 0 });
  });

  it('is found by who stores one under the same key, and nothing else is stored', async () => {
    const { batch } = await insert(newJobs(2));
    expect(await jobs.insertBatch(newJobs(3), { owner: 'ann', idempotencyKey: 'a batch', digest: 'of another one' }))
      .toEqual({ known: { id: batch.id, digest: 'a batch' } });
    expect(await jobs.list('ann', 10)).toHaveLength(2);
  });

  it('ends once with the last of its jobs, and keeps its counts when they are gone', async () => {
    const { batch, jobs: [a, b, c] } = await insert(newJobs(3));
    expect(await jobs.end(a?.id ?? '', { stage: 'cancelled' })).toMatchObject({ batch: undefined });
    expect(await jobs.end(a?.id ?? '', { stage: 'cancelled' })).toBeUndefined();
    expect(await jobs.end(b?.id ?? '', { stage: 'failed', error: { code: 'page_error', message: 'gone', retryable: false } })).toMatchObject({ batch: undefined });
    expect((await batches.find(batch.id))?.counts).toEqual({ jobs: 3, open: 1, done: 0, failed: 1, cancelled: 1 });
    const counts = { jobs: 3, open: 0, done: 0, failed: 1, cancelled: 2 };
    expect(await jobs.end(c?.id ?? '', { stage: 'cancelled' })).toMatchObject({ batch: { id: batch.id, counts } });
    await database.deleteFrom('jobs').where('id', '!=', c?.id ?? '').execute();
    expect(await batches.find(batch.id)).toMatchObject({ endedAt: expect.any(Number), counts });
  });

  it('tells of the end after which a webhook is due: that of a job with one, and that of a batch with one', async () => {
    const { batch, jobs: stored } = await insert([...newJobs(1, { webhook }), ...newJobs(2)], 'with webhooks', { webhook });
    const due: (boolean | undefined)[] = [];
    for (const { id } of stored) due.push((await jobs.end(id, { stage: 'cancelled' }))?.due);
    expect(due).toEqual([true, false, true]);
    const hooks = new WebhookStore(database);
    expect((await hooks.find('ann', batch.id))?.state).toBe('due');
    expect((await hooks.find('ann', stored[0]?.id ?? ''))?.state).toBe('due');
  });
});

import { AnalysisRequest, type BatchCounts, type BatchRequest } from '@cro-analyzer/protocol/messages';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startServer, type TestServer } from '../support/server.ts';
import { startSite, type Site } from '../support/site.ts';
import { countTurns } from '../support/turns.ts';

let site: Site;
let server: TestServer;

const PAGE = '<!doctype html><html lang="en"><title>Shop</title><h1>Good things for your home</h1><a href="/buy">Buy now</a></html>';
const ann = { owner: 'ann', ip: '192.0.2.1' };

beforeEach(async () => {
  site = await startSite({ '/page': PAGE, '/gone': (_, response) => response.writeHead(410).end(), '/never': () => {} });
  server = await startServer({ CRO_QUEUE_MAX: '20' });
});

afterEach(async () => {
  await server.close();
  await site.close();
});

const batchOf = (...paths: string[]): BatchRequest =>
  ({ requests: paths.map((path) => AnalysisRequest.parse({ url: site.origin + path, devices: ['mobile'], screenshots: false })) });

/** The counts at the end of a batch. */
async function endOf(owner: string, id: string): Promise<BatchCounts> {
  const ended = Promise.withResolvers<BatchCounts>();
  await server.app.jobs.watchBatch(owner, id, (counts) => { if (counts.open === 0) ended.resolve(counts); });
  return ended.promise;
}

describe('a batch', () => {
  it('is one id for many jobs, and has one end when all have ended', async () => {
    const { jobs } = server.app;
    const { batch, jobs: ids } = await jobs.submitBatch(ann, batchOf('/page', '/gone', '/page'), 'the first batch');
    expect(batch.counts).toEqual({ jobs: 3, open: 3, done: 0, failed: 0, cancelled: 0 });
    expect(await endOf('ann', batch.id)).toEqual({ jobs: 3, open: 0, done: 2, failed: 1, cancelled: 0 });
    expect((await jobs.batch('ann', batch.id)).endedAt).toEqual(expect.any(Number));
    expect((await jobs.batchJobs('ann', batch.id)).map(({ id, stage }) => ({ id, stage }))).toEqual([
      { id: ids[0], stage: 'done' }, { id: ids[1], stage: 'failed' }, { id: ids[2], stage: 'done' },
    ]);
    const events = await jobs.eventsAfter('ann', 0, 100);
    expect(events.map(({ type }) => type)).toEqual(['ended', 'ended', 'ended', 'batch_ended']);
    expect(events.at(-1)).toMatchObject({ batch: batch.id, counts: { done: 2, failed: 1 } });
    expect(await jobs.lastEvent('ann')).toBe(events.at(-1)?.event);
  });

  it('is taken whole or not at all', async () => {
    const { jobs } = server.app;
    await jobs.submitBatch(ann, batchOf(...Array.from({ length: 15 }, () => '/never')), 'most of the queue');
    await expect(jobs.submitBatch(ann, batchOf(...Array.from({ length: 10 }, () => '/never')), 'too much for now')).rejects.toMatchObject({ code: 'queue_full', retryAfterMs: expect.any(Number) });
    await expect(jobs.submitBatch(ann, batchOf(...Array.from({ length: 21 }, () => '/never')), 'too much for ever')).rejects.toMatchObject({ code: 'too_large' });
    expect(await jobs.list('ann', 100)).toHaveLength(15);
    expect((await jobs.submitBatch(ann, batchOf('/page'), 'a small one')).jobs).toHaveLength(1);
  });

  it('is the same batch under the same key, also when submitted twice at once, and another request under it is refused', async () => {
    const { jobs } = server.app;
    const [first, second] = await Promise.all([
      jobs.submitBatch(ann, batchOf('/page', '/page'), 'submitted twice'),
      jobs.submitBatch(ann, batchOf('/page', '/page'), 'submitted twice'),
    ]);
    expect(second.batch.id).toBe(first.batch.id);
    expect(second.jobs).toEqual(first.jobs);
    expect([first.deduplicated, second.deduplicated].sort()).toEqual([false, true]);
    await expect(jobs.submitBatch(ann, batchOf('/page'), 'submitted twice')).rejects.toMatchObject({ code: 'bad_request', reason: 'idempotencyKey' });
    expect(await jobs.list('ann', 100)).toHaveLength(2);
    const rivals = await Promise.allSettled([
      jobs.submitBatch(ann, batchOf('/page'), 'two under one key'),
      jobs.submitBatch(ann, batchOf('/gone'), 'two under one key'),
    ]);
    expect(rivals).toMatchObject([{ status: 'fulfilled' }, { status: 'rejected', reason: { code: 'bad_request', reason: 'idempotencyKey' } }]);
    expect(jobs.storing).toBe(true); // that is no fault of the store
    await endOf('ann', first.batch.id);
    await expect.poll(() => jobs.counts).toEqual({ queued: 0, running: 0 });
  });

  it('is cancelled whole, and what had ended stays', async () => {
    const { jobs } = server.app;
    const { batch } = await jobs.submitBatch(ann, batchOf('/page', '/never', '/never', '/never', '/never'), 'to be cancelled');
    await expect.poll(async () => (await jobs.batch('ann', batch.id)).counts.done, { timeout: 20_000 }).toBe(1);
    await jobs.cancelBatch('ann', batch.id);
    expect((await jobs.batch('ann', batch.id)).counts).toEqual({ jobs: 5, open: 0, done: 1, failed: 0, cancelled: 4 });
    expect(server.app.pool.slots.busy).toBe(0);
  });

  it('of a thousand pages lets everything else have its turn while it is stored and while it is cancelled', async () => {
    await server.close();
    server = await startServer({ CRO_QUEUE_MAX: '1000', CRO_QUEUE_WAIT_MS: '86400000' });
    const { jobs } = server.app;
    const whileStored = countTurns();
    const { batch } = await jobs.submitBatch(ann, batchOf(...Array.from({ length: 1_000 }, () => '/never')), 'a thousand pages');
    expect(whileStored()).toBeGreaterThanOrEqual(10);
    const whileCancelled = countTurns();
    await jobs.cancelBatch('ann', batch.id);
    expect(whileCancelled()).toBeGreaterThan(900);
    expect((await jobs.batch('ann', batch.id)).counts).toEqual({ jobs: 1_000, open: 0, done: 0, failed: 0, cancelled: 1_000 });
  });

  it('that has ended tells so at once to who watches it late', async () => {
    const { batch } = await server.app.jobs.submitBatch(ann, batchOf('/page'), 'watched late');
    await endOf('ann', batch.id);
    expect(await endOf('ann', batch.id)).toMatchObject({ done: 1, open: 0 });
  });
});

import type { AnalysisRequest } from '@cro-analyzer/protocol/messages';
import { AnalysisRequest as Request } from '@cro-analyzer/protocol/messages';
import { afterEach, describe, expect, it } from 'vitest';
import { startServer, type TestServer } from '../support/server.ts';
import { startSite, type Site } from '../support/site.ts';

let site: Site | undefined;
let server: TestServer;

afterEach(async () => {
  await server.close();
  await site?.close();
  site = undefined;
});

const ann = { owner: 'ann', ip: '192.0.2.1' };
const bob = { owner: 'bob', ip: '192.0.2.2' };

const PAGE = '<!doctype html><html lang="en"><title>Shop</title><h1>Good things for your home</h1><a href="/buy">Buy now</a></html>';

/** A site with a page that is quick and one that never comes. */
async function start(env: Record<string, string>): Promise<void> {
  site = await startSite({ '/quick': PAGE, '/never': () => {} });
  server = await startServer(env);
}

const request = (path: string): AnalysisRequest => Request.parse({ url: `${site?.origin}${path}`, devices: ['mobile'], screenshots: false });

/** Submits many in the same tick: how many were taken, and the refusals. */
async function submitAtOnce(count: number, caller = ann): Promise<{ taken: string[]; refused: unknown[] }> {
  const outcomes = await Promise.allSettled(Array.from({ length: count }, (_, index) =>
    server.app.jobs.submit(caller, request('/never'), { idempotencyKey: `${caller.owner} number ${index}` })));
  return {
    taken: outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value.job.id] : [])),
    refused: outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : [])),
  };
}

describe('limits hold under 1,000 submits in the same tick', () => {
  it('of the queue: it never holds more than CRO_QUEUE_MAX jobs, and everyone else is told when to come back', async () => {
    await start({ CRO_QUEUE_MAX: '50', CRO_PAGES_PER_BROWSER: '1' });
    const { taken, refused } = await submitAtOnce(1_000);
    expect(taken.length).toBeGreaterThanOrEqual(50);
    expect(taken.length).toBeLessThanOrEqual(50 + server.app.pool.slots.total);
    expect(server.app.jobs.counts.queued).toBeLessThanOrEqual(50);
    for (const error of refused) expect(error).toMatchObject({ code: 'queue_full', retryAfterMs: expect.toSatisfy((ms: number) => ms > 0 && ms <= 60_000) });
    expect(await server.app.jobs.list('ann', 1_000)).toHaveLength(taken.length);
  });

  it.each([
    ['CRO_LIMITS_PER_KEY', 'open=7', 'open'],
    ['CRO_LIMITS_PER_IP', 'open=7', 'open'],
    ['CRO_LIMITS_TOTAL', 'open=7', 'open'],
    ['CRO_LIMITS_PER_KEY', 'day=7', 'day'],
    ['CRO_LIMITS_PER_IP', 'minute=7', 'minute'],
  ])('of %s %s', async (variable, limit, reason) => {
    await start({ [variable]: limit });
    const { taken, refused } = await submitAtOnce(1_000);
    expect(taken).toHaveLength(7);
    for (const error of refused) expect(error).toMatchObject({ code: 'rate_limited', reason, retryAfterMs: expect.any(Number) });
  });

  it('of one key and not of another', async () => {
    await start({ CRO_LIMITS_PER_KEY: 'open=5' });
    const [first, second] = await Promise.all([submitAtOnce(100, ann), submitAtOnce(100, bob)]);
    expect([first.taken.length, second.taken.length]).toEqual([5, 5]);
  });
});

describe('fairness between keys', () => {
  it('a job of a key with one waits behind at most twice as many as there are slots, of a key with 500', async () => {
    await start({ CRO_PAGES_PER_BROWSER: '2' });
    const { jobs, pool } = server.app;
    const requests = Array.from({ length: 500 }, () => request('/quick'));
    const { jobs: ids } = await jobs.submitBatch(ann, { requests }, 'five hundred pages');
    let begun = 0;
    const follow = (owner: string, id: string, onBegin: () => void): Promise<unknown> => {
      let seen = false;
      return jobs.watch(owner, id, () => {}, (event) => {
        if (seen || event.type !== 'progress' || event.stage === 'queued') return;
        seen = true;
        onBegin();
      });
    };
    const running = Promise.withResolvers<void>();
    for (const id of ids) await follow('ann', id, () => { begun += 1; running.resolve(); });
    await running.promise;
    const { job } = await jobs.submit(bob, request('/quick'), { idempotencyKey: 'just one page' });
    const before = begun;
    const reached = Promise.withResolvers<number>();
    await follow('bob', job.id, () => reached.resolve(begun - before));
    expect(await reached.promise).toBeLessThanOrEqual(2 * pool.slots.total);
  });

  it('a key that fills the queue, and every place that becomes free in it, leaves room for one that comes later', async () => {
    await start({ CRO_QUEUE_MAX: '100', CRO_API_KEYS: 'the-key-of-ann-00,the-key-of-bob-00' });
    const { taken, refused } = await submitAtOnce(1_000, ann);
    expect(taken.length).toBeGreaterThan(80);
    expect(refused[0]).toMatchObject({ code: 'queue_full', retryAfterMs: expect.any(Number) });
    expect((await submitAtOnce(8, bob)).refused).toEqual([]);
  });

  it('a key that is the only one has the whole queue', async () => {
    await start({ CRO_QUEUE_MAX: '100' });
    expect((await submitAtOnce(1_000, ann)).taken.length).toBeGreaterThanOrEqual(100);
  });
});

describe('what is taken in', () => {
  it('counts against no rate when it is refused for want of room', async () => {
    await start({ CRO_QUEUE_MAX: '5', CRO_LIMITS_PER_KEY: 'minute=20' });
    await submitAtOnce(5);
    await expect.poll(() => server.app.jobs.counts.running).toBeGreaterThan(0);
    const { refused } = await submitAtOnce(500);
    expect(new Set(refused.map((error) => (error as { code: string }).code))).toEqual(new Set(['queue_full']));
  });

  it('is not a batch whose last jobs could not be served in time', async () => {
    await start({ CRO_QUEUE_WAIT_MS: '10000' });
    const requests = Array.from({ length: 200 }, () => request('/quick'));
    await expect(server.app.jobs.submitBatch(ann, { requests }, 'far too many')).rejects.toMatchObject({ code: 'too_large', reason: 'wait' });
  });

  it('sends refused callers away one after the other, whatever was taken before', async () => {
    await start({ CRO_QUEUE_MAX: '200' });
    const { refused } = await submitAtOnce(210);
    const times = refused.map((error) => (error as { retryAfterMs: number }).retryAfterMs);
    expect(times.length).toBeGreaterThan(3);
    expect(new Set(times).size).toBe(times.length);
    expect(Math.max(...times)).toBeLessThan(60_000);
  });
});

describe('memory pressure', () => {
  it('lowers credit before it refuses, and both go when memory is there again', async () => {
    let used = 0.5;
    site = await startSite({ '/never': () => {} });
    server = await startServer({}, { memory: () => ({ usedBytes: used * 2 ** 30, limitBytes: 2 ** 30 }) });
    const { jobs } = server.app;
    const changed = (): Promise<void> => new Promise((resolve) => {
      const stop = jobs.onCredit(() => {
        stop();
        resolve();
      });
    });
    expect(jobs.credit(100)).toBe(100);
    used = 0.84;
    await changed();
    expect(jobs.credit(100)).toBeGreaterThan(0);
    expect(jobs.credit(100)).toBeLessThan(60);
    expect((await submitAtOnce(1)).taken).toHaveLength(1);
    used = 0.95;
    await changed();
    expect(jobs.credit(100)).toBe(1);
    expect((await submitAtOnce(2, bob)).refused[0]).toMatchObject({ code: 'overloaded', reason: 'memory', retryAfterMs: expect.any(Number) });
    used = 0.5;
    await changed();
    expect(jobs.credit(100)).toBe(100);
    expect((await submitAtOnce(2, bob)).taken).toHaveLength(2);
  });
});

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AnalysisRequest } from '@cro-analyzer/protocol/messages';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Limits } from '../../render-server/src/config.ts';
import { Quota } from '../../render-server/src/jobs/quota.ts';
import { openDatabase, type Database } from '../../render-server/src/store/database.ts';
import { JobStore } from '../../render-server/src/store/jobs.ts';
import { dayOf, UsageStore } from '../../render-server/src/store/usage.ts';

let folder: string;
let database: Database;
let usage: UsageStore;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cro-test-'));
  database = await openDatabase(folder);
  usage = new UsageStore(database);
});

afterEach(async () => {
  await database.destroy();
  await rm(folder, { recursive: true });
});

function quotaOf({ total = {}, perKey = {}, perIp = {}, jobBudgetUsd = null }: { total?: Limits; perKey?: Limits; perIp?: Limits; jobBudgetUsd?: number | null }): Quota {
  return new Quota({ total, perKey, perIp, jobBudgetUsd, usage, logger: pino({ level: 'silent' }) });
}

const ann = { owner: 'ann', ip: '192.0.2.1' };
const bob = { owner: 'bob', ip: '192.0.2.2' };
const soon = (): number => 500;
const jobOf = (caller: typeof ann, spentUsd = 0): { id: string; owner: string; ip: string; spentUsd: number } => ({ ...caller, id: 'job_1', spentUsd });
const oneJob = [{ analyst: 'auto' as const }];
const claudeJob = [{ analyst: 'claude' as const }];

describe('what one key, one address and all together may use', () => {
  it.each([
    ['perKey', { owner: 'ann', ip: '192.0.2.9' }, 'This key'],
    ['perIp', { owner: 'zoe', ip: '192.0.2.1' }, 'This address'],
    ['total', bob, 'All callers together'],
  ] as const)('%s: open jobs are bounded, and one that ends makes room', (scope, other, who) => {
    const quota = quotaOf({ [scope]: { open: 2 } });
    quota.enter(ann, oneJob, soon);
    quota.enter(ann, oneJob, soon);
    expect(() => quota.enter(other, oneJob, soon)).toThrow(expect.objectContaining({
      code: 'rate_limited', reason: 'open', retryAfterMs: 500, message: `${who} may have 2 jobs open, no more.`,
    }));
    quota.leave(ann);
    quota.enter(other, oneJob, soon);
  });

  it('counts nothing for a caller of another key and address', () => {
    const quota = quotaOf({ perKey: { open: 1, day: 1 }, perIp: { open: 1, day: 1 } });
    quota.enter(ann, oneJob, soon);
    quota.enter(bob, oneJob, soon);
  });

  it('bounds jobs a minute, and a refusal by one scope counts in none', async () => {
    const quota = quotaOf({ total: { minute: 3 }, perKey: { minute: 2 } });
    await quota.consume(ann, 1);
    await quota.consume(ann, 1);
    await expect(quota.consume(ann, 1)).rejects.toMatchObject({ code: 'rate_limited', reason: 'minute', retryAfterMs: expect.toSatisfy((ms: number) => ms > 0 && ms <= 60_000) });
    await quota.consume(bob, 1);
    await expect(quota.consume(bob, 1)).rejects.toMatchObject({ message: 'All callers together may submit 3 jobs a minute, no more.' });
  });

  it('bounds jobs a day, also those of before a restart', async () => {
    await database.insertInto('usage').values({ day: dayOf(Date.now()), scope: 'key:ann', jobs: 4, usd: 0 }).execute();
    const quota = quotaOf({ perKey: { day: 5 } });
    await quota.load();
    const takeBack = quota.enter(ann, oneJob, soon);
    expect(() => quota.enter(ann, oneJob, soon)).toThrow(expect.objectContaining({ code: 'rate_limited', reason: 'day', retryAfterMs: expect.toSatisfy((ms: number) => ms > 0 && ms <= 86_400_000) }));
    takeBack();
    quota.enter(ann, oneJob, soon);
  });

  it.each(['open', 'minute', 'day'] as const)('tells of a batch that no waiting would ever let in: %s', (limit) => {
    const quota = quotaOf({ perKey: { [limit]: 10 } });
    expect(() => quota.enter(ann, Array.from({ length: 11 }, () => ({ analyst: 'auto' as const })), soon)).toThrow(expect.objectContaining({ code: 'too_large', message: 'This key may submit 10 jobs at a time; these are 11.' }));
  });
});

describe('money', () => {
  it('is set aside before a call, and given back when it cost less', async () => {
    const quota = quotaOf({ perKey: { usd: 1 } });
    const budget = quota.budgetOf(jobOf(ann), {});
    const settle = await budget.reserve(0.7);
    await expect(quota.budgetOf(jobOf(ann), {}).reserve(0.7)).rejects.toThrow(expect.objectContaining({ code: 'budget_exceeded', reason: 'day' }));
    settle(0.1);
    await quota.budgetOf(jobOf(ann), {}).reserve(0.7);
  });

  it('of one job is bounded by its own budget and the server\'s, over all its calls', async () => {
    const quota = quotaOf({ jobBudgetUsd: 0.5 });
    const budget = quota.budgetOf(jobOf(ann), { budgetUsd: 0.2 });
    (await budget.reserve(0.15))(0.15);
    await expect(budget.reserve(0.1)).rejects.toThrow(expect.objectContaining({ code: 'budget_exceeded', reason: 'job' }));
    await expect(quota.budgetOf(jobOf(ann), {}).reserve(0.6)).rejects.toThrow(expect.objectContaining({ code: 'budget_exceeded', reason: 'job' }));
  });

  it('that is spent for today refuses who wants Claude and nothing else, with a time', async () => {
    await usage.reserve(dayOf(Date.now()), ['total'], 'job_1', 5);
    const quota = quotaOf({ total: { usd: 5 } });
    await quota.load();
    quota.enter(ann, oneJob, soon);
    expect(() => quota.enter(ann, claudeJob, soon)).toThrow(expect.objectContaining({ code: 'budget_exceeded', retryAfterMs: expect.any(Number) }));
  });

  it('that was spent is stored for the next start', async () => {
    const quota = quotaOf({});
    (await quota.budgetOf(jobOf(ann), {}).reserve(1))(0.25);
    await expect.poll(async () => (await usage.of(dayOf(Date.now()))).get('key:ann')?.usd).toBe(0.25);
    expect((await usage.of(dayOf(Date.now()))).get('total')?.usd).toBe(0.25);
  });

  it('that was set aside is not forgotten when the server is killed before the call ends, neither for the day nor for the job', async () => {
    const store = new JobStore(database);
    const quota = quotaOf({ perKey: { usd: 1 } });
    const { job } = await store.insert({ caller: ann, onLost: 'keep', request: AnalysisRequest.parse({ url: 'https://shop.example/' }), scopes: quota.scopesOf(ann) }, 'an order number');
    await quota.budgetOf(job, { budgetUsd: 0.5 }).reserve(0.4);

    const next = quotaOf({ perKey: { usd: 1 } });
    await next.load();
    const again = await store.find(job.id);
    expect(again?.spentUsd).toBe(0.4);
    await expect(next.budgetOf(again ?? job, { budgetUsd: 0.5 }).reserve(0.4)).rejects.toMatchObject({ code: 'budget_exceeded', reason: 'job' });
    await expect(next.budgetOf(jobOf(ann), {}).reserve(0.7)).rejects.toMatchObject({ code: 'budget_exceeded', reason: 'day' });
  });
});

import { AnalysisRequest } from '@cro-analyzer/protocol/messages';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase, type Database } from '../../render-server/src/store/database.ts';
import { JobStore } from '../../render-server/src/store/jobs.ts';
import { UsageStore } from '../../render-server/src/store/usage.ts';

const DAY = '2026-11-23';

let folder: string;
let database: Database;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cro-usage-'));
  database = await openDatabase(folder);
});

afterEach(async () => {
  await database.destroy();
  await rm(folder, { recursive: true, force: true });
});

async function submit(scopes: string[]): Promise<string> {
  const request = AnalysisRequest.parse({ url: 'https://example.com/' });
  return (await new JobStore(database).insert({ caller: { owner: 'ann', ip: '' }, onLost: 'keep', request, scopes }, 'an order of ann')).job.id;
}

describe('dollars', () => {
  it('that are set aside for a job count for it and for all its scopes, also after a restart, and what is given back does not', async () => {
    const id = await submit(['total']);
    const usage = new UsageStore(database);
    await usage.reserve(DAY, ['total', 'key:ann'], id, 0.5);
    await usage.reserve(DAY, ['total', 'key:ann'], id, 0.25);
    await usage.reserve(DAY, ['total', 'key:ann'], id, -0.125);
    await database.destroy();
    database = await openDatabase(folder);
    expect(await new UsageStore(database).of(DAY)).toEqual(new Map([['key:ann', { jobs: 0, usd: 0.625 }], ['total', { jobs: 0, usd: 0.625 }]]));
    expect((await new JobStore(database).find(id))?.spentUsd).toBe(0.625);
  });

  it('of a job that counts under nothing are still its own', async () => {
    const id = await submit([]);
    await new UsageStore(database).reserve(DAY, [], id, 0.5);
    expect((await new JobStore(database).facts(id))?.spentUsd).toBe(0.5);
  });
});

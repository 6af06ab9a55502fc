import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Writes } from '../../render-server/src/jobs/writes.ts';
import { openDatabase, type Database } from '../../render-server/src/store/database.ts';
import { UsageStore } from '../../render-server/src/store/usage.ts';
import { countTurns } from '../support/turns.ts';

let folder: string;
let database: Database;
let usage: UsageStore;
let writes: Writes;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cro-writes-'));
  database = await openDatabase(folder);
  usage = new UsageStore(database);
  await usage.probe(); // its row needs no room any more
  writes = new Writes(usage, pino({ level: 'silent' }));
});

afterEach(async () => {
  writes.stop();
  await database.destroy();
  await rm(folder, { recursive: true, force: true });
});

/** From now on SQLite says that the disk is full, or takes everything again. */
async function diskFull(full: boolean): Promise<void> {
  await sql.raw(`pragma max_page_count = ${full ? 1 : 1_000_000}`).execute(database);
}

/** Needs more room than a full disk has. */
const large = (scope: string) => (): Promise<unknown> => database.insertInto('usage').values({ day: 'x'.repeat(50_000), scope }).execute();
const small = (): Promise<void> => usage.probe();

describe('writes to the store', () => {
  it('let everything else have its turn after each of them', async () => {
    const turns = countTurns();
    await Promise.all(Array.from({ length: 200 }, () => writes.once(small)));
    expect(turns()).toBeGreaterThan(190);
  });

  it('are done in the order in which they were asked for, and one that fails holds up none of the others', async () => {
    const order: string[] = [];
    const ask = (name: string, write: () => Promise<unknown>): Promise<unknown> => writes.persist({}, write).then(() => order.push(name));
    await diskFull(true);
    const delayed = ask('large', large('a'));
    await Promise.all([ask('first', small), ask('second', small)]);
    await diskFull(false);
    await delayed;
    expect(order).toEqual(['first', 'second', 'large']);
  });

  it('that a full disk refuses are the fault of the store, also when the reason is hidden by a transaction that ended itself', async () => {
    await diskFull(true);
    const inTransaction = (): Promise<unknown> => database.transaction().execute(async (trx) => {
      for (let index = 0; index < 50; index += 1) await trx.insertInto('usage').values({ day: 'x'.repeat(3_000), scope: `${index}` }).execute();
    });
    for (const write of [large('a'), inTransaction]) {
      await expect(writes.once(write)).rejects.toMatchObject({ code: 'overloaded', reason: 'store', retryAfterMs: expect.any(Number) });
      expect(writes.healthy).toBe(false);
      await writes.once(small);
      expect(writes.healthy).toBe(true);
    }
  });

  it('that are mistaken are thrown as they are, and the store is not blamed', async () => {
    await writes.once(large('a'));
    await expect(writes.once(large('a'))).rejects.toMatchObject({ code: 'SQLITE_CONSTRAINT_PRIMARYKEY' });
    await expect(writes.once(async () => JSON.parse('{'))).rejects.toBeInstanceOf(SyntaxError);
    expect(writes.healthy).toBe(true);
  });

  it('that are mistaken hold up no others and end with the server', async () => {
    const mistaken = writes.persist({}, async () => JSON.parse('{'));
    await writes.once(small);
    writes.stop();
    expect(await mistaken).toBeUndefined();
  });
});

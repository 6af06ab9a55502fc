import type { BatchCounts, Stage } from '@cro-analyzer/protocol/messages';
import type { Database, Transaction } from './database.ts';
import { addEvent } from './events.ts';
import { makeDue } from './webhooks.ts';

/** Many jobs under one id. Times are milliseconds since the epoch. */
export interface Batch {
  id: string;
  owner: string;
  createdAt: number;
  /** When the last of its jobs ended. */
  endedAt: number | null;
  counts: BatchCounts;
}

/** A batch that was stored before under some key. */
export interface KnownBatch {
  id: string;
  /** Hash of what was asked. */
  digest: string;
}

export class BatchStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async find(id: string): Promise<Batch | undefined> {
    const row = await this.#db.selectFrom('batches').selectAll().where('id', '=', id).executeTakeFirst();
    if (!row) return undefined;
    const counts = row.counts === null ? await countsOf(this.#db, id) : JSON.parse(row.counts) as BatchCounts;
    return { id, owner: row.owner, createdAt: row.created_at, endedAt: row.ended_at, counts };
  }

  /** The batch that the owner stored under this key. */
  async findByKey(owner: string, idempotencyKey: string): Promise<KnownBatch | undefined> {
    return knownBatch(this.#db, owner, idempotencyKey);
  }
}

export async function knownBatch(db: Database | Transaction, owner: string, idempotencyKey: string): Promise<KnownBatch | undefined> {
  return db.selectFrom('batches').select(['id', 'digest'])
    .where('owner', '=', owner).where('idempotency_key', '=', idempotencyKey).executeTakeFirst();
}

/**
 * Takes a job that has just ended off its batch, and ends the batch with the last one: within the transaction that ended
 * the job.
 * @returns how the batch ended, and whether its webhook became due; undefined while it is open
 */
export async function settleBatch(trx: Transaction, id: string, owner: string): Promise<{ counts: BatchCounts; due: boolean } | undefined> {
  const { open } = await trx.updateTable('batches').set((eb) => ({ open: eb('open', '-', 1) }))
    .where('id', '=', id).returning('open').executeTakeFirstOrThrow();
  if (open > 0) return undefined;
  const now = Date.now();
  const counts = await countsOf(trx, id);
  await trx.updateTable('batches').set({ ended_at: now, counts: JSON.stringify(counts) }).where('id', '=', id).execute();
  await addEvent(trx, owner, { type: 'batch_ended', batch: id, counts });
  return { counts, due: await makeDue(trx, id, now) };
}

async function countsOf(db: Database | Transaction, id: string): Promise<BatchCounts> {
  const rows = await db.selectFrom('jobs').select(['stage', (eb) => eb.fn.countAll<number>().as('count')])
    .where('batch', '=', id).groupBy('stage').execute();
  const of = (stage: Stage): number => rows.find((row) => row.stage === stage)?.count ?? 0;
  const jobs = rows.reduce((sum, { count }) => sum + count, 0);
  const [done, failed, cancelled] = [of('done'), of('failed'), of('cancelled')];
  return { jobs, open: jobs - done - failed - cancelled, done, failed, cancelled };
}

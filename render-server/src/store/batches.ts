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

export class BatchStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async find(id: string): Promise<Batch | undefined> {
    const row = await this.#db.selectFrom('batches').selectAll().where('id', '=', id).executeTakeFirst();
    return row && { id, owner: row.owner, createdAt: row.created_at, endedAt: row.ended_at, counts: await countsOf(this.#db, id) };
  }

  /** The batch that the owner stored under this key, and the hash of its requests. */
  async findByKey(owner: string, idempotencyKey: string): Promise<{ id: string; digest: string } | undefined> {
    return this.#db.selectFrom('batches').select(['id', 'digest'])
      .where('owner', '=', owner).where('idempotency_key', '=', idempotencyKey).executeTakeFirst();
  }
}

/** Ends a batch if its last job has just ended: within the transaction that ended it. Returns how it stands. */
export async function settleBatch(trx: Transaction, id: string, owner: string): Promise<BatchCounts> {
  const counts = await countsOf(trx, id);
  if (counts.open > 0) return counts;
  const now = Date.now();
  await trx.updateTable('batches').set({ ended_at: now }).where('id', '=', id).execute();
  await addEvent(trx, owner, { type: 'batch_ended', batch: id, counts });
  await makeDue(trx, id, now);
  return counts;
}

async function countsOf(db: Database | Transaction, id: string): Promise<BatchCounts> {
  const rows = await db.selectFrom('jobs').select(['stage', (eb) => eb.fn.countAll<number>().as('count')])
    .where('batch', '=', id).groupBy('stage').execute();
  const of = (stage: Stage): number => rows.find((row) => row.stage === stage)?.count ?? 0;
  const jobs = rows.reduce((sum, { count }) => sum + count, 0);
  const [done, failed, cancelled] = [of('done'), of('failed'), of('cancelled')];
  return { jobs, open: jobs - done - failed - cancelled, done, failed, cancelled };
}

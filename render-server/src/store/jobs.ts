import { randomBytes } from 'node:crypto';
import type { AnalysisRequest, AnalysisResult, Stage, WireError } from '@cro-analyzer/protocol/messages';
import type { Selectable } from 'kysely';
import type { Database, JobRow } from './database.ts';

/** How a job ended; it never changes after that. */
export type End =
  | { stage: 'done'; result: AnalysisResult }
  | { stage: 'failed'; error: WireError }
  | { stage: 'cancelled' };

/** A job as it is stored. Times are milliseconds since the epoch. */
export interface Job {
  id: string;
  /** The key that it belongs to. */
  owner: string;
  request: AnalysisRequest;
  /** While it runs: where its last attempt began. The live stage is with the events. */
  stage: Stage;
  /** Attempts that were begun. */
  attempts: number;
  createdAt: number;
  /** When it first left the queue: its deadline counts from here. */
  leasedAt: number | null;
  endedAt: number | null;
  end: End | null;
}

/** The stored truth about jobs. An accepted job is here before it is acknowledged. */
export class JobStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Stores a new job, or finds the one that the same owner stored under the same idempotency key. */
  async insert(owner: string, idempotencyKey: string, request: AnalysisRequest): Promise<{ job: Job; deduplicated: boolean }> {
    const id = `job_${randomBytes(12).toString('hex')}`;
    const row = await this.#db.insertInto('jobs')
      .values({ id, owner, idempotency_key: idempotencyKey, request: JSON.stringify(request), stage: 'queued', attempts: 0, created_at: Date.now() })
      .onConflict((conflict) => conflict.columns(['owner', 'idempotency_key']).doNothing())
      .returningAll().executeTakeFirst();
    if (row) return { job: jobOf(row), deduplicated: false };
    const existing = await this.findByKey(owner, idempotencyKey);
    if (!existing) throw new Error('a job with this idempotency key was there and is gone');
    return { job: existing, deduplicated: true };
  }

  async findByKey(owner: string, idempotencyKey: string): Promise<Job | undefined> {
    const row = await this.#db.selectFrom('jobs').selectAll()
      .where('owner', '=', owner).where('idempotency_key', '=', idempotencyKey).executeTakeFirst();
    return row && jobOf(row);
  }

  async find(id: string): Promise<Job | undefined> {
    const row = await this.#db.selectFrom('jobs').selectAll().where('id', '=', id).executeTakeFirst();
    return row && jobOf(row);
  }

  /** The owner's jobs, newest first, without their ends. */
  async list(owner: string, limit: number): Promise<Omit<Job, 'end'>[]> {
    const rows = await this.#db.selectFrom('jobs')
      .select(['id', 'owner', 'request', 'stage', 'attempts', 'created_at', 'leased_at', 'ended_at'])
      .where('owner', '=', owner).orderBy('number', 'desc').limit(limit).execute();
    return rows.map(factsOf);
  }

  /** All jobs that have not ended, oldest first. */
  async unfinished(): Promise<Job[]> {
    const rows = await this.#db.selectFrom('jobs').selectAll().where('ended_at', 'is', null).orderBy('number').execute();
    return rows.map(jobOf);
  }

  /** Counts an attempt before it runs, so that a crash of the server counts too. */
  async beginAttempt(id: string): Promise<Job | undefined> {
    const row = await this.#db.updateTable('jobs')
      .set((eb) => ({ stage: 'visiting', attempts: eb('attempts', '+', 1), leased_at: eb.fn.coalesce('leased_at', eb.val(Date.now())) }))
      .where('id', '=', id).where('ended_at', 'is', null).returningAll().executeTakeFirst();
    return row && jobOf(row);
  }

  /** Puts a job that an earlier server held back into the queue; the time in between is not its own. */
  async requeue(id: string): Promise<void> {
    await this.#db.updateTable('jobs').set({ stage: 'queued', leased_at: null })
      .where('id', '=', id).where('ended_at', 'is', null).execute();
  }

  /** Puts a job that this server cannot finish back into the queue; its attempt does not count. */
  async handBack(id: string): Promise<void> {
    await this.#db.updateTable('jobs')
      .set((eb) => ({ stage: 'queued', leased_at: null, attempts: eb('attempts', '-', 1) }))
      .where('id', '=', id).where('ended_at', 'is', null).where('attempts', '>', 0).execute();
  }

  /** Stores the end of a job. Only the first end counts: returns whether this one did. */
  async end(id: string, end: End): Promise<boolean> {
    const { numUpdatedRows } = await this.#db.updateTable('jobs')
      .set({
        stage: end.stage,
        ended_at: Date.now(),
        result: end.stage === 'done' ? JSON.stringify(end.result) : null,
        error: end.stage === 'failed' ? JSON.stringify(end.error) : null,
      })
      .where('id', '=', id).where('ended_at', 'is', null).executeTakeFirst();
    return numUpdatedRows > 0n;
  }
}

function jobOf(row: Selectable<JobRow>): Job {
  const facts = factsOf(row);
  return { ...facts, end: isEnd(facts.stage) ? endOf(facts.stage, row) : null };
}

/** What was stored was checked when it came in; a row of another version must not stop the server. */
function factsOf(row: Omit<Selectable<JobRow>, 'number' | 'idempotency_key' | 'result' | 'error' | 'ip' | 'on_lost' | 'batch'>): Omit<Job, 'end'> {
  return {
    id: row.id,
    owner: row.owner,
    request: JSON.parse(row.request) as AnalysisRequest,
    stage: row.stage as Stage,
    attempts: row.attempts,
    createdAt: row.created_at,
    leasedAt: row.leased_at,
    endedAt: row.ended_at,
  };
}

function isEnd(stage: Stage): stage is End['stage'] {
  return stage === 'done' || stage === 'failed' || stage === 'cancelled';
}

function endOf(stage: End['stage'], row: Selectable<JobRow>): End {
  switch (stage) {
    case 'done': return { stage, result: JSON.parse(row.result ?? 'null') as AnalysisResult };
    case 'failed': return { stage, error: JSON.parse(row.error ?? 'null') as WireError };
    case 'cancelled': return { stage };
  }
}

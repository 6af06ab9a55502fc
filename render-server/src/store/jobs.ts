import { randomBytes } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import type { AnalysisRequest, AnalysisResult, BatchCounts, OnLost, Scores, Stage, Webhook, WireError } from '@cro-analyzer/protocol/messages';
import type { Insertable, Selectable } from 'kysely';
import { knownBatch, settleBatch, type Batch, type KnownBatch } from './batches.ts';
import type { Database, JobRow } from './database.ts';
import { addEvent } from './events.ts';
import { addUsage, dayOf } from './usage.ts';
import { addWebhook, makeDue } from './webhooks.ts';

/** How a job ended; it never changes after that. */
export type End =
  | { stage: 'done'; result: AnalysisResult }
  | { stage: 'failed'; error: WireError }
  | { stage: 'cancelled' };

/** Who a job is for. */
export interface Caller {
  /** The key that it belongs to. */
  owner: string;
  /** The client's address. */
  ip: string;
}

/** A job without its end, which can be large. Times are milliseconds since the epoch. */
export interface JobFacts extends Caller {
  id: string;
  batch: string | null;
  onLost: OnLost;
  /** Without its webhook, whose secret is not for everyone who reads a job. */
  request: AnalysisRequest;
  /** While it runs: where its last attempt began. The live stage is with the events. */
  stage: Stage;
  /** Attempts that were begun. */
  attempts: number;
  createdAt: number;
  /** When it first left the queue: its deadline counts from here. */
  leasedAt: number | null;
  endedAt: number | null;
  /** What its analyst has cost so far, and what is set aside for calls under way, in US dollars. */
  spentUsd: number;
}

/** A job as it is stored. */
export interface Job extends JobFacts {
  end: End | null;
}

/** What a list shows of a job that is done. */
export interface Summary {
  title: string;
  scores: { [Name in keyof Scores]: number | null };
  findings: number;
}

/** A job as a list shows it. */
export interface JobBrief extends JobFacts {
  /** Of a job that failed. */
  error: WireError | null;
  /** Of a job that is done. */
  summary: Summary | null;
}

/** What a new job is stored with. */
export interface NewJob {
  caller: Caller;
  onLost: OnLost;
  request: AnalysisRequest;
  /** What the day's use of this job is counted under. */
  scopes: readonly string[];
}

/** What else the end of a job brought about. */
export interface Ended extends Caller {
  /** The batch that ended with it. */
  batch: { id: string; counts: BatchCounts } | undefined;
  /** Whether a webhook became due. */
  due: boolean;
}

/** Jobs that one statement inserts; in between, everything but the store has its turn. */
const INSERT_STEP = 100;

/** The stored truth about jobs. An accepted job is here before it is acknowledged. */
export class JobStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Stores a new job, or finds the one that the same owner stored under the same idempotency key. */
  async insert(job: NewJob, idempotencyKey: string): Promise<{ job: JobFacts; deduplicated: boolean }> {
    return this.#db.transaction().execute(async (trx) => {
      const row = newRow(job, idempotencyKey);
      const { numInsertedOrUpdatedRows } = await trx.insertInto('jobs').values(row)
        .onConflict((conflict) => conflict.columns(['owner', 'idempotency_key']).doNothing()).executeTakeFirst();
      if (numInsertedOrUpdatedRows === 0n) {
        const existing = await trx.selectFrom('jobs').select(FACTS)
          .where('owner', '=', row.owner).where('idempotency_key', '=', idempotencyKey).executeTakeFirstOrThrow();
        return { job: factsOf(existing), deduplicated: true };
      }
      const { webhook } = job.request;
      if (webhook) await addWebhook(trx, { owner: row.owner, subject: row.id, webhook });
      await addUsage(trx, dayOf(row.created_at), job.scopes, { jobs: 1, usd: 0 });
      return { job: factsOf(row), deduplicated: false };
    });
  }

  /**
   * Stores a batch with all its jobs or none of them, or finds the one that the owner stored under the same key.
   * @param batch its digest is the hash of what was asked
   */
  async insertBatch(jobs: readonly NewJob[], batch: { owner: string; idempotencyKey: string; digest: string; webhook?: Webhook | undefined }): Promise<{ batch: Batch; jobs: JobFacts[] } | { known: KnownBatch }> {
    const { owner, idempotencyKey, digest, webhook } = batch;
    const id = `bat_${randomBytes(12).toString('hex')}`;
    return this.#db.transaction().execute(async (trx) => {
      const known = await knownBatch(trx, owner, idempotencyKey);
      if (known) return { known };
      const now = Date.now();
      await trx.insertInto('batches').values({ id, owner, idempotency_key: idempotencyKey, digest, created_at: now, open: jobs.length }).execute();
      if (webhook) await addWebhook(trx, { owner, subject: id, webhook });
      const stored: JobFacts[] = [];
      for (let from = 0; from < jobs.length; from += INSERT_STEP) {
        const some = jobs.slice(from, from + INSERT_STEP).map((job, index) => ({ row: newRow(job, `${id} ${from + index}`, id), webhook: job.request.webhook }));
        await trx.insertInto('jobs').values(some.map(({ row }) => row)).execute();
        for (const { row, webhook } of some) {
          if (webhook) await addWebhook(trx, { owner, subject: row.id, webhook });
          stored.push(factsOf(row));
        }
        await turn();
      }
      const [first] = jobs;
      if (first) await addUsage(trx, dayOf(now), first.scopes, { jobs: jobs.length, usd: 0 });
      const counts = { jobs: jobs.length, open: jobs.length, done: 0, failed: 0, cancelled: 0 };
      return { batch: { id, owner, createdAt: now, endedAt: null, counts }, jobs: stored };
    });
  }

  async findByKey(owner: string, idempotencyKey: string): Promise<JobFacts | undefined> {
    const row = await this.#db.selectFrom('jobs').select(FACTS)
      .where('owner', '=', owner).where('idempotency_key', '=', idempotencyKey).executeTakeFirst();
    return row && factsOf(row);
  }

  /** The job without its end: much cheaper than `find` when that is not needed. */
  async facts(id: string): Promise<JobFacts | undefined> {
    const row = await this.#db.selectFrom('jobs').select(FACTS).where('id', '=', id).executeTakeFirst();
    return row && factsOf(row);
  }

  async find(id: string): Promise<Job | undefined> {
    const row = await this.#db.selectFrom('jobs').selectAll().where('id', '=', id).executeTakeFirst();
    return row && jobOf(row);
  }

  /** The owner's jobs, newest first. */
  async list(owner: string, limit: number): Promise<JobBrief[]> {
    const rows = await this.#db.selectFrom('jobs').select(BRIEF).where('owner', '=', owner).orderBy('number', 'desc').limit(limit).execute();
    return rows.map(briefOf);
  }

  /** The jobs of a batch, in the order in which they were asked for. */
  async ofBatch(batch: string): Promise<JobBrief[]> {
    const rows = await this.#db.selectFrom('jobs').select(BRIEF).where('batch', '=', batch).orderBy('number').execute();
    return rows.map(briefOf);
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

  /** Puts all jobs that an earlier server left open back into the queue; the time in between is not their own. */
  async requeueAll(): Promise<void> {
    await this.#db.updateTable('jobs').set({ stage: 'queued', leased_at: null })
      .where('ended_at', 'is', null).where('stage', '!=', 'queued').execute();
  }

  /** Puts a job that this server cannot finish back into the queue; its attempt does not count. */
  async handBack(id: string): Promise<void> {
    await this.#db.updateTable('jobs')
      .set((eb) => ({ stage: 'queued', leased_at: null, attempts: eb('attempts', '-', 1) }))
      .where('id', '=', id).where('ended_at', 'is', null).where('attempts', '>', 0).execute();
  }

  /**
   * Stores the end of a job, tells subscribers and webhooks of it, and ends its batch with it when it was the last one.
   * @returns undefined when the job has another end already, which stays
   */
  async end(id: string, end: End): Promise<Ended | undefined> {
    const summary = end.stage === 'done' ? summaryOf(end.result) : null;
    return this.#db.transaction().execute(async (trx) => {
      const now = Date.now();
      const row = await trx.updateTable('jobs')
        .set({
          stage: end.stage,
          ended_at: now,
          result: end.stage === 'done' ? JSON.stringify(end.result) : null,
          error: end.stage === 'failed' ? JSON.stringify(end.error) : null,
          summary: summary && JSON.stringify(summary),
        })
        .where('id', '=', id).where('ended_at', 'is', null).returning(['owner', 'ip', 'batch', 'request']).executeTakeFirst();
      if (!row) return undefined;
      const { owner, ip, batch } = row;
      await addEvent(trx, owner, {
        type: 'ended', job: id, batch, state: end.stage,
        page: end.stage === 'done' ? { url: end.result.page.url, title: end.result.page.title } : { url: requestOf(row).url, title: null },
        scores: summary && summary.scores,
        error: end.stage === 'failed' ? end.error : null,
      });
      const due = await makeDue(trx, id, now);
      const settled = batch === null ? undefined : await settleBatch(trx, batch, owner);
      return { owner, ip, batch: batch !== null && settled ? { id: batch, counts: settled.counts } : undefined, due: due || settled?.due === true };
    });
  }
}

const FACTS = ['id', 'owner', 'ip', 'on_lost', 'batch', 'request', 'stage', 'attempts', 'created_at', 'leased_at', 'ended_at', 'spent_usd'] as const;
const BRIEF = [...FACTS, 'error', 'summary'] as const;

type FactsRow = Pick<Selectable<JobRow>, typeof FACTS[number]>;

function newRow({ caller: { owner, ip }, onLost, request: { webhook: _, ...request } }: NewJob, idempotencyKey: string, batch: string | null = null): Insertable<JobRow> & FactsRow {
  return {
    id: `job_${randomBytes(12).toString('hex')}`, owner, ip, on_lost: onLost, batch, idempotency_key: idempotencyKey,
    request: JSON.stringify(request), stage: 'queued', attempts: 0, created_at: Date.now(), leased_at: null, ended_at: null, spent_usd: 0,
  };
}

function summaryOf({ page, findings, scores: { experience, content, speed, conversion, mobile } }: AnalysisResult): Summary {
  return {
    title: page.title,
    findings: findings.length,
    scores: { experience: experience.value, content: content.value, speed: speed.value, conversion: conversion.value, mobile: mobile.value },
  };
}

function jobOf(row: Selectable<JobRow>): Job {
  const facts = factsOf(row);
  return { ...facts, end: isEnd(facts.stage) ? endOf(facts.stage, row) : null };
}

/** What was stored was checked when it came in; a row of another version must not stop the server. */
function requestOf(row: Pick<JobRow, 'request'>): AnalysisRequest {
  return JSON.parse(row.request) as AnalysisRequest;
}

function factsOf(row: FactsRow): JobFacts {
  return {
    id: row.id,
    owner: row.owner,
    ip: row.ip,
    batch: row.batch,
    onLost: row.on_lost as OnLost,
    request: requestOf(row),
    stage: row.stage as Stage,
    attempts: row.attempts,
    createdAt: row.created_at,
    leasedAt: row.leased_at,
    endedAt: row.ended_at,
    spentUsd: row.spent_usd,
  };
}

function briefOf(row: Pick<Selectable<JobRow>, typeof BRIEF[number]>): JobBrief {
  return {
    ...factsOf(row),
    error: row.error === null ? null : JSON.parse(row.error) as WireError,
    summary: row.summary === null ? null : JSON.parse(row.summary) as Summary,
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

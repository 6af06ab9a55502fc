import { randomBytes } from 'node:crypto';
import type { AnalysisRequest, AnalysisResult, BatchCounts, OnLost, Scores, Stage, Webhook, WireError } from '@cro-analyzer/protocol/messages';
import type { Selectable } from 'kysely';
import { settleBatch } from './batches.ts';
import type { Database, JobRow, Transaction } from './database.ts';
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

/** A job as it is stored. Times are milliseconds since the epoch. */
export interface Job extends Caller {
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
  end: End | null;
}

/** What a list shows of a job that is done. */
export interface Summary {
  title: string;
  scores: { [Name in keyof Scores]: number | null };
  findings: number;
}

/** A job without its result, which is large. */
export interface JobBrief extends Omit<Job, 'end'> {
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
  batch: { id: string; counts: BatchCounts } | undefined;
}

/** The stored truth about jobs. An accepted job is here before it is acknowledged. */
export class JobStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Stores a new job, or finds the one that the same owner stored under the same idempotency key. */
  async insert(job: NewJob, idempotencyKey: string): Promise<{ job: Job; deduplicated: boolean }> {
    return this.#db.transaction().execute(async (trx) => {
      const row = await addJob(trx, job, idempotencyKey);
      if (row) {
        await addUsage(trx, dayOf(row.created_at), job.scopes, { jobs: 1, usd: 0 });
        return { job: jobOf(row), deduplicated: false };
      }
      const existing = await trx.selectFrom('jobs').selectAll()
        .where('owner', '=', job.caller.owner).where('idempotency_key', '=', idempotencyKey).executeTakeFirstOrThrow();
      return { job: jobOf(existing), deduplicated: true };
    });
  }

  /**
   * Stores a batch with all its jobs, or none of them.
   * @param digest hash of what was asked
   * @throws what the database throws when the owner has a batch under that key already
   */
  async insertBatch(jobs: readonly NewJob[], batch: { owner: string; idempotencyKey: string; digest: string; webhook?: Webhook | undefined }): Promise<{ id: string; jobs: Job[] }> {
    const { owner, idempotencyKey, digest, webhook } = batch;
    const id = `bat_${randomBytes(12).toString('hex')}`;
    return this.#db.transaction().execute(async (trx) => {
      const now = Date.now();
      await trx.insertInto('batches').values({ id, owner, idempotency_key: idempotencyKey, digest, created_at: now }).execute();
      if (webhook) await addWebhook(trx, { owner, subject: id, webhook });
      const stored: Job[] = [];
      for (const [index, job] of jobs.entries()) {
        const row = await addJob(trx, job, `${id} ${index}`, id);
        if (row) stored.push(jobOf(row));
      }
      const [first] = jobs;
      if (first) await addUsage(trx, dayOf(now), first.scopes, { jobs: jobs.length, usd: 0 });
      return { id, jobs: stored };
    });
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
      await makeDue(trx, id, now);
      return { owner, ip, batch: batch === null ? undefined : { id: batch, counts: await settleBatch(trx, batch, owner) } };
    });
  }
}

const BRIEF = ['id', 'owner', 'ip', 'on_lost', 'batch', 'request', 'stage', 'attempts', 'created_at', 'leased_at', 'ended_at', 'error', 'summary'] as const;

/** Undefined when the owner has a job under that key already. */
async function addJob(trx: Transaction, job: NewJob, idempotencyKey: string, batch: string | null = null): Promise<Selectable<JobRow> | undefined> {
  const { caller: { owner, ip }, onLost, request: { webhook, ...request } } = job;
  const row = await trx.insertInto('jobs')
    .values({
      id: `job_${randomBytes(12).toString('hex')}`, owner, ip, on_lost: onLost, batch, idempotency_key: idempotencyKey,
      request: JSON.stringify(request), stage: 'queued', attempts: 0, created_at: Date.now(),
    })
    .onConflict((conflict) => conflict.columns(['owner', 'idempotency_key']).doNothing())
    .returningAll().executeTakeFirst();
  if (row && webhook) await addWebhook(trx, { owner, subject: row.id, webhook });
  return row;
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

function factsOf(row: Pick<Selectable<JobRow>, typeof BRIEF[number]>): Omit<Job, 'end'> {
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

/** What HTTP shows of jobs, batches and webhooks. Times are ISO 8601. */
import type { Batch } from '../store/batches.ts';
import type { Job, JobBrief } from '../store/jobs.ts';
import type { WebhookLog } from '../store/webhooks.ts';

/** A job without its result. */
export function brief(job: JobBrief): object {
  return { ...facts(job), ...(job.error ? { error: job.error } : {}), ...(job.summary ? { summary: job.summary } : {}) };
}

/** A job with its end. */
export function view(job: Job): object {
  const { end } = job;
  return {
    ...facts(job),
    ...(end?.stage === 'done' ? { result: end.result } : {}),
    ...(end?.stage === 'failed' ? { error: end.error } : {}),
  };
}

export function batchView({ id, createdAt, endedAt, counts }: Batch): object {
  return { id, createdAt: iso(createdAt), endedAt: iso(endedAt), counts };
}

export function webhookView({ url, state, nextAt, attempts }: WebhookLog): object {
  return { url, state, nextAt: iso(nextAt), attempts: attempts.map((attempt) => ({ ...attempt, at: iso(attempt.at) })) };
}

function facts(job: Omit<JobBrief, 'error' | 'summary'>): object {
  return {
    id: job.id,
    ...(job.batch === null ? {} : { batch: job.batch }),
    url: job.request.url,
    stage: job.stage,
    attempts: job.attempts,
    createdAt: iso(job.createdAt),
    endedAt: iso(job.endedAt),
  };
}

function iso(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

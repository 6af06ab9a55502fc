import type { Batch, BatchStore } from '../store/batches.ts';
import type { Job, JobBrief, JobStore } from '../store/jobs.ts';

/** What a receiver is sent. */
export interface Message {
  type: 'analysis.ended' | 'batch.ended';
  /** When it ended, ISO 8601. */
  timestamp: string;
  data: Record<string, unknown>;
}

/** Most bytes of one message: a long analysis has some hundred kilobytes. */
export const MAX_BODY_BYTES = 8 * 1024 * 1024;

/** Loads the message about a job or batch; undefined when it is gone or has not ended. */
export async function loadMessage({ jobs, batches }: { jobs: JobStore; batches: BatchStore }, subject: string): Promise<Message | undefined> {
  const job = await jobs.find(subject);
  if (job) return jobMessage(job);
  const batch = await batches.find(subject);
  return batch && batchMessage(batch, await jobs.ofBatch(subject));
}

/** A job with its result or error; undefined while it is open. */
export function jobMessage({ id, batch, request, attempts, endedAt, end }: Job): Message | undefined {
  if (!end || endedAt === null) return undefined;
  const { stage: state, ...outcome } = end;
  return { type: 'analysis.ended', timestamp: iso(endedAt), data: { id, batch, url: request.url, state, attempts, ...outcome } };
}

/** A batch and how each of its jobs ended, without their results; undefined while it is open. */
export function batchMessage({ id, counts, endedAt }: Batch, jobs: readonly JobBrief[]): Message | undefined {
  if (endedAt === null) return undefined;
  return { type: 'batch.ended', timestamp: iso(endedAt), data: { id, counts, jobs: jobs.map(jobLine) } };
}

function jobLine({ id, request, stage, error, summary }: JobBrief): Record<string, unknown> {
  return { id, url: request.url, state: stage, ...(error && { error }), ...(summary && { scores: summary.scores }), findings: summary?.findings ?? 0 };
}

/** The message as it is sent. One that is too long goes without its result or jobs, and says so in `truncated`. */
export function encode({ type, timestamp, data }: Message, maxBytes = MAX_BODY_BYTES): string {
  const body = JSON.stringify({ type, timestamp, data });
  if (Buffer.byteLength(body) <= maxBytes) return body;
  const { result: _result, jobs: _jobs, ...rest } = data;
  return JSON.stringify({ type, timestamp, data: { ...rest, truncated: true } });
}

function iso(time: number): string {
  return new Date(time).toISOString();
}

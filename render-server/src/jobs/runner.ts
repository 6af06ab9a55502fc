import type { Logger } from 'pino';
import type { BrowserPool, Slot } from '../browsers/pool.ts';
import { RenderError } from '../errors.ts';
import type { End, Job } from '../store/jobs.ts';
import { runAttempt, type Workshop } from './attempt.ts';
import type { JobEvents } from './events.ts';
import type { Quota } from './quota.ts';

/** A crashed browser is given one more try; a page that kills it twice is at fault itself. */
export const MAX_ATTEMPTS = 2;

export interface RunnerOptions extends Workshop {
  pool: BrowserPool;
  /** Counts an attempt in the store; undefined when the job has ended, or the server stops before the store takes it. Never rejects. */
  beginAttempt(id: string): Promise<Job | undefined>;
  events: JobEvents;
  logger: Logger;
  quota: Quota;
  /** For requests that name none, in ms. */
  deadlineMs: number;
}

/** What the runner needs to know of one job, and tells of it. */
export interface Run {
  /** Fires with the reason why the job shall end early. */
  cancel: AbortSignal;
  /** Told the size of what was seen, in bytes. */
  onEvidence(bytes: number): void;
}

/**
 * Takes one job from its lease to its end, over all its attempts, under one deadline.
 * @param slot for the first attempt; it is released on every path
 * @returns the end, not stored yet; undefined when the job had ended before it began, or stays open for the next start
 * @throws the reason of `run.cancel` when that is not a RenderError: then the job has no end here
 */
export async function runJob(options: RunnerOptions, id: string, slot: Slot, run: Run): Promise<End | undefined> {
  const { cancel } = run;
  const { events, pool, logger } = options;
  const deadline = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let held: Slot | undefined = slot;
  try {
    for (;;) {
      const job = await options.beginAttempt(id);
      if (!job) return undefined;
      const due = (job.leasedAt ?? Date.now()) + (job.request.deadlineMs ?? options.deadlineMs);
      timer ??= setTimeout(() => deadline.abort(tooLate(job, options)), Math.max(0, due - Date.now()));
      const signal = AbortSignal.any([cancel, deadline.signal]);
      try {
        held ??= await pool.acquire(signal);
        events.beginAttempt(id, job.attempts);
        const result = await runAttempt(options, {
          job, slot: held, signal, deadline: due,
          budget: options.quota.budgetOf(job, job.request),
          onEvidence: run.onEvidence,
          publish: (event) => events.publish(id, event),
        });
        return { stage: 'done', result };
      } catch (thrown) {
        held?.release();
        held = undefined;
        if (cancel.aborted && !(cancel.reason instanceof RenderError)) throw cancel.reason;
        const error = RenderError.from(signal.aborted ? signal.reason : thrown);
        if (error.code === 'cancelled') return { stage: 'cancelled' };
        const again = error.code === 'browser_crashed' && job.attempts < MAX_ATTEMPTS;
        logger[again || error.code === 'internal' ? 'error' : 'info']({ job: id, code: error.code, reason: error.reason, attempt: job.attempts, err: error.cause }, again ? 'attempt failed; trying again' : 'job failed');
        if (!again) return { stage: 'failed', error: error.toWire() };
      }
    }
  } finally {
    clearTimeout(timer);
    held?.release();
  }
}

function tooLate(job: Job, options: RunnerOptions): RenderError {
  const seconds = Math.round((job.request.deadlineMs ?? options.deadlineMs) / 1000);
  return new RenderError('deadline_exceeded', `The job did not end within its deadline of ${seconds} s.`);
}

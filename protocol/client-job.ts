/** A submitted job as a caller of the client sees it. */
import { CODES, type Code } from './codes.ts';
import type { AnalysisResult, JobFrame, ServerFrame, WireError } from './messages.ts';

/** What happens to a job before its end. */
export type JobEvent =
  | Extract<ServerFrame, { type: 'accepted' }>
  | Extract<JobFrame, { type: 'progress' | 'finding' | 'snapshot' }>;

/** An error of the server, or of the way to it, with its stable code. */
export class RenderClientError extends Error {
  readonly code: Code;
  readonly reason: string | undefined;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;

  constructor(error: WireError) {
    super(error.message);
    this.name = 'RenderClientError';
    this.code = error.code;
    this.reason = error.reason;
    this.retryable = error.retryable;
    this.retryAfterMs = error.retryAfterMs;
  }

  /** One line on what to do about it. */
  get advice(): string {
    return CODES[this.code].advice;
  }
}

/** A submitted job: iterate it for what happens, await `result` for its end. */
export class Job implements AsyncIterable<JobEvent> {
  /** Known once the server has accepted it. */
  id: string | undefined;
  /** Rejects with RenderClientError when the job fails or is cancelled. */
  readonly result: Promise<AnalysisResult>;
  readonly #settle: PromiseWithResolvers<AnalysisResult> = Promise.withResolvers();
  readonly #onCancel: (job: Job) => void;
  #events: JobEvent[] = [];
  #wake: PromiseWithResolvers<void> = Promise.withResolvers();
  #ended = false;

  constructor(onCancel: (job: Job) => void) {
    this.#onCancel = onCancel;
    this.result = this.#settle.promise;
    this.result.catch(() => {}); // a caller may only iterate
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Cancels the job, here and on the server; `result` rejects with `cancelled` at once. */
  cancel(): void {
    this.#onCancel(this);
  }

  /** Progress, findings and snapshots until the job ends. Progress that nobody has read yet is replaced by newer. */
  async *[Symbol.asyncIterator](): AsyncGenerator<JobEvent, void, undefined> {
    for (;;) {
      const event = this.#events.shift();
      if (event) yield event;
      else if (this.#ended) return;
      else await this.#wake.promise;
    }
  }

  /** @internal */
  push(event: JobEvent): void {
    if (this.#ended) return;
    if (event.type === 'progress' && this.#events.at(-1)?.type === 'progress') this.#events.pop();
    this.#events.push(event);
    this.#notify();
  }

  /** @internal The first end counts. */
  end(outcome: { result: AnalysisResult } | { error: RenderClientError }): void {
    if (this.#ended) return;
    this.#ended = true;
    if ('result' in outcome) this.#settle.resolve(outcome.result);
    else this.#settle.reject(outcome.error);
    this.#notify();
  }

  #notify(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }
}

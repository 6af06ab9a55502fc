import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { AnalysisRequest } from '@cro-analyzer/protocol/messages';
import { orAbort } from '../bounded.ts';
import type { Slot } from '../browsers/pool.ts';
import { RenderError } from '../errors.ts';
import type { End, Job } from '../store/jobs.ts';
import type { JobEvents, Listener, Snapshot } from './events.ts';
import { JobQueue } from './queue.ts';
import { MAX_ATTEMPTS, runJob, type RunnerOptions } from './runner.ts';
import { Semaphore } from './semaphore.ts';
import { Throughput } from './throughput.ts';

export interface JobsOptions extends RunnerOptions {
  queueMax: number;
  queueWaitMs: number;
  /** Calls to Claude at the same time: it bounds how much evidence is held. */
  claudeConcurrency: number;
}

/** What a submit is told. */
export interface Accepted {
  job: Job;
  deduplicated: boolean;
  /** Jobs that wait before it. */
  position: number;
  etaMs: number;
}

/** Why a running job is stopped without an end when the server stops: the next start takes it up again. */
const HAND_BACK = Symbol('hand back');

/** Pauses before a write that failed is tried again, in ms. */
const STORE_RETRY_MS = 250;
const STORE_RETRY_MAX_MS = 10_000;

/** Every job of this server: taken in, queued, run, cancelled, brought to exactly one end. */
export class Jobs {
  readonly #options: JobsOptions;
  readonly #queue = new JobQueue();
  readonly #running = new Map<string, { cancel: AbortController; ended: Promise<void> }>();
  readonly #waitLimits = new Map<string, NodeJS.Timeout>();
  readonly #throughput: Throughput;
  /** Evidence that is being captured, or waits for its analyst: rendering stops when Claude falls behind. */
  readonly #evidence: Semaphore;
  readonly #stopping = new AbortController();
  /** Fires when the time for finishing is over. */
  readonly #handingBack = new AbortController();
  #reserved = 0;
  #dispatching: Promise<void> | undefined;

  constructor(options: JobsOptions) {
    this.#options = options;
    // As many pages again as Claude has calls: the next is ready when a call ends, and no more lie about.
    const parallel = options.claude ? options.claudeConcurrency + options.pool.slots.total : options.pool.slots.total;
    this.#evidence = new Semaphore(parallel);
    this.#throughput = new Throughput(parallel);
  }

  get events(): JobEvents {
    return this.#options.events;
  }

  /** Fires when the server no longer waits for what runs. */
  get stopped(): AbortSignal {
    return this.#handingBack.signal;
  }

  get counts(): { queued: number; running: number } {
    return { queued: this.#queue.size, running: this.#running.size };
  }

  /** Takes up what an earlier server left, and begins to run jobs. */
  async start(): Promise<void> {
    for (const job of await this.#options.store.unfinished()) {
      this.events.open(job.id);
      if (job.attempts >= MAX_ATTEMPTS) {
        await this.#end(job.id, failed(new RenderError('browser_crashed', 'The server stopped twice while it showed the page.', { reason: 'server_stopped' })));
        continue;
      }
      await this.#options.store.requeue(job.id);
      this.#enqueue(job);
    }
    this.#dispatching = this.#dispatch();
  }

  /**
   * Stores a job and queues it, or finds the one that the owner stored under the same key.
   * @throws RenderError queue_full, overloaded, draining: then nothing is stored; bad_request when the key stands for
   *   another request
   */
  async submit(owner: string, request: AnalysisRequest, idempotencyKey: string): Promise<Accepted> {
    const { store, queueMax, queueWaitMs } = this.#options;
    const known = await store.findByKey(owner, idempotencyKey);
    if (known) return this.#sameJob(known, request);
    if (this.#stopping.signal.aborted) throw new RenderError('draining', 'The server is stopping.', { retryAfterMs: 2_000 });
    const ahead = this.#queue.size + this.#reserved;
    if (ahead >= queueMax) {
      throw new RenderError('queue_full', `The queue is full: ${queueMax} jobs wait.`, { retryAfterMs: this.#throughput.retryAfter() });
    }
    const wait = this.#throughput.waitBehind(ahead);
    if (wait > queueWaitMs) {
      throw new RenderError('overloaded', `The expected wait of ${Math.round(wait / 1000)} s is longer than the server allows.`, { retryAfterMs: this.#throughput.retryAfter() });
    }
    this.#reserved += 1; // room is held while the store writes, so that submits at the same moment cannot share it
    try {
      const { job, deduplicated } = await store.insert(owner, idempotencyKey, request);
      if (deduplicated) return this.#sameJob(job, request);
      this.events.open(job.id);
      this.#enqueue(job);
      return this.#accepted(job, false);
    } finally {
      this.#reserved -= 1;
    }
  }

  /** @throws RenderError not_found, also for a job of another owner */
  async get(owner: string, id: string): Promise<Job> {
    const job = await this.#options.store.find(id);
    if (!job || job.owner !== owner) throw new RenderError('not_found', `There is no job ${id} of this key.`);
    return this.#live(job);
  }

  /** The owner's jobs, newest first. */
  async list(owner: string, limit: number): Promise<Omit<Job, 'end'>[]> {
    return (await this.#options.store.list(owner, limit)).map((job) => this.#live(job));
  }

  /** Cancels a job in whatever stage it is; one that has ended stays as it is. Returns when its end is stored. */
  async cancel(owner: string, id: string): Promise<void> {
    const { end } = await this.get(owner, id);
    if (end) return;
    const running = this.#running.get(id);
    running?.cancel.abort(new RenderError('cancelled', 'The job was cancelled.'));
    await running?.ended;
    this.#dequeue(id);
    await this.#end(id, { stage: 'cancelled' }); // unless it has its end by now
  }

  /**
   * Follows a job: `onSnapshot` for an open one and then its events, or at once its end.
   * @returns the call that stops following
   */
  async watch(owner: string, id: string, onSnapshot: (snapshot: Snapshot) => void, listener: Listener): Promise<() => void> {
    const { store } = this.#options;
    const job = await this.get(owner, id);
    const snapshot = this.events.snapshot(id);
    const stop = this.events.listen(id, listener);
    if (snapshot && stop) {
      onSnapshot(snapshot);
      return stop;
    }
    const end = job.end ?? (await store.find(id))?.end;
    if (end) listener({ type: 'end', end });
    return () => {};
  }

  /** Takes nothing more in and leases nothing more; what waits stays stored for the next start. */
  drain(): void {
    this.#stopping.abort();
  }

  /**
   * Waits for what runs, `graceMs` at most; what is not done by then is handed back to the store.
   */
  async stop(graceMs: number): Promise<void> {
    this.drain();
    await this.#dispatching;
    for (const timer of this.#waitLimits.values()) clearTimeout(timer);
    const timer = setTimeout(() => {
      for (const { cancel } of this.#running.values()) cancel.abort(HAND_BACK);
      this.#handingBack.abort();
    }, graceMs);
    await Promise.all([...this.#running.values()].map(({ ended }) => ended));
    clearTimeout(timer);
    this.#handingBack.abort();
  }

  /** The store has the stage where the attempt began; the events have the one of now. */
  #live<T extends Omit<Job, 'end'>>(job: T): T {
    const live = this.events.snapshot(job.id);
    return live && job.endedAt === null ? { ...job, stage: live.stage } : job;
  }

  #sameJob(job: Job, request: AnalysisRequest): Accepted {
    if (!isDeepStrictEqual(job.request, JSON.parse(JSON.stringify(request)))) {
      throw new RenderError('bad_request', 'idempotencyKey: was used for another request', { reason: 'idempotencyKey' });
    }
    return this.#accepted(job, true);
  }

  #accepted(job: Job, deduplicated: boolean): Accepted {
    const position = this.#queue.position(job.id) ?? 0;
    return { job, deduplicated, position, etaMs: this.#throughput.waitBehind(position + 1) };
  }

  #enqueue(job: Job): void {
    this.#queue.push(job.id);
    const limit = setTimeout(() => void this.#waitedTooLong(job.id), this.#options.queueWaitMs);
    limit.unref();
    this.#waitLimits.set(job.id, limit);
  }

  /** Takes a job out of the queue before its turn: whether it was there. */
  #dequeue(id: string): boolean {
    this.#dropWaitLimit(id);
    return this.#queue.remove(id);
  }

  #dropWaitLimit(id: string): void {
    clearTimeout(this.#waitLimits.get(id));
    this.#waitLimits.delete(id);
  }

  async #waitedTooLong(id: string): Promise<void> {
    if (!this.#dequeue(id)) return;
    const seconds = Math.round(this.#options.queueWaitMs / 1000);
    await this.#end(id, failed(new RenderError('deadline_exceeded', `No page was free within ${seconds} s.`, { reason: 'queue_wait' })));
  }

  /** Leases jobs one after the other: a job leaves the queue when evidence may be held and a page is free. */
  async #dispatch(): Promise<void> {
    const { pool } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      let release: (() => void) | undefined;
      let slot: Slot | undefined;
      try {
        await orAbort(this.#queue.filled(), signal);
        release = await orAbort(this.#evidence.acquire(), signal, (late) => late());
        slot = await pool.acquire(signal);
      } catch {
        // The server stops.
      }
      const id = slot && !signal.aborted ? this.#queue.shift() : undefined;
      if (!release || !slot || id === undefined) {
        slot?.release();
        release?.();
        continue;
      }
      const giveBack = release;
      this.#dropWaitLimit(id);
      const cancel = new AbortController();
      const ended = this.#run(id, slot, cancel.signal).finally(() => {
        this.#running.delete(id);
        giveBack();
      });
      this.#running.set(id, { cancel, ended });
    }
  }

  async #run(id: string, slot: Slot, cancel: AbortSignal): Promise<void> {
    const started = Date.now();
    try {
      const end = await runJob(this.#options, id, slot, cancel);
      if (!end) return;
      if (end.stage === 'done') this.#throughput.record(Date.now() - started);
      await this.#end(id, end);
    } catch (error) {
      if (error !== HAND_BACK) return this.#end(id, failed(RenderError.from(error)));
      await this.#persist(id, () => this.#options.store.handBack(id));
    }
  }

  async #end(id: string, end: End): Promise<void> {
    const first = await this.#persist(id, () => this.#options.store.end(id, end));
    if (first) this.events.publish(id, { type: 'end', end });
  }

  /**
   * Writes until the store takes it: a full disk delays an end and loses none. When the server must go first, the job
   * stays open in the store and the next start takes it up. Never rejects.
   */
  async #persist<T>(id: string, write: () => Promise<T>): Promise<T | undefined> {
    for (let pause = STORE_RETRY_MS; ; pause = Math.min(pause * 2, STORE_RETRY_MAX_MS)) {
      try {
        return await write();
      } catch (error) {
        this.#options.logger.error({ job: id, err: error, pauseMs: pause }, 'the store did not take a write; trying again');
        const { signal } = this.#handingBack;
        if (signal.aborted) return undefined;
        await delay(pause, undefined, { signal }).catch(() => {});
      }
    }
  }
}

function failed(error: RenderError): End {
  return { stage: 'failed', error: error.toWire() };
}

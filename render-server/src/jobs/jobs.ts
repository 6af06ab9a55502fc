import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { AnalysisRequest, type BatchCounts, type BatchRequest, type EndedEvent, type OnLost } from '@cro-analyzer/protocol/messages';
import { RenderError } from '../errors.ts';
import type { Batch, BatchStore, KnownBatch } from '../store/batches.ts';
import type { EventStore } from '../store/events.ts';
import type { Caller, End, Job, JobBrief, JobFacts, JobStore, NewJob } from '../store/jobs.ts';
import type { UsageStore } from '../store/usage.ts';
import { Dispatcher, type DispatcherOptions } from './dispatcher.ts';
import type { JobEvents, Listener, Snapshot } from './events.ts';
import { Followers } from './followers.ts';
import { Intake, type IntakeOptions } from './intake.ts';
import { MAX_ATTEMPTS } from './runner.ts';
import { Writes } from './writes.ts';

export type { Caller } from '../store/jobs.ts';

export interface JobsOptions extends Omit<DispatcherOptions, 'beginAttempt' | 'end' | 'handBack'>, Omit<IntakeOptions, 'load'> {
  store: JobStore;
  batches: BatchStore;
  ends: EventStore;
  usage: UsageStore;
  /** How long jobs are kept that nobody follows, in ms. */
  lostClientMs: number;
  /** Called when a webhook has become due. */
  onDue(): void;
}

/** What a submit is told. */
export interface Accepted {
  job: JobFacts;
  deduplicated: boolean;
  /** Jobs that wait before it. */
  position: number;
  etaMs: number;
}

/** What a submit carries beside the request. */
export interface SubmitOptions {
  idempotencyKey: string;
  /** `finish` for a request with a webhook, else `keep`, when not given. */
  onLost?: OnLost | undefined;
}

/** Every job of this server: taken in, queued, run, cancelled, brought to exactly one end. */
export class Jobs {
  readonly #options: JobsOptions;
  readonly #dispatcher: Dispatcher;
  readonly #followers: Followers;
  readonly #writes: Writes;
  readonly #intake: Intake;
  readonly #batchListeners = new Map<string, Set<(counts: BatchCounts) => void>>();

  constructor(options: JobsOptions) {
    this.#options = options;
    this.#writes = new Writes(options.usage, options.logger);
    this.#followers = new Followers(options.lostClientMs, (id) => void this.#lost(id));
    this.#dispatcher = new Dispatcher({
      ...options,
      beginAttempt: (id) => this.#writes.persist({ job: id }, () => options.store.beginAttempt(id)),
      end: (id, end) => this.#end(id, end),
      handBack: async (id) => void (await this.#writes.persist({ job: id }, () => options.store.handBack(id))),
    });
    this.#intake = new Intake({ ...options, load: this.#dispatcher });
  }

  get events(): JobEvents {
    return this.#options.events;
  }

  /** Fires when the server no longer waits for what runs. */
  get stopped(): AbortSignal {
    return this.#writes.stopped;
  }

  get counts(): { queued: number; running: number } {
    return { queued: this.#dispatcher.queue.size, running: this.#dispatcher.running };
  }

  /** Whether the store takes writes. */
  get storing(): boolean {
    return this.#writes.healthy;
  }

  /** What there is to know of the load: how long the first job has waited, how long a new one would, in ms; bytes of evidence held. */
  get load(): { oldestMs: number; waitMs: number; evidenceBytes: number } {
    const { oldestWaitMs, throughput, queue, evidenceBytes } = this.#dispatcher;
    return { oldestMs: oldestWaitMs, waitMs: throughput.waitBehind(queue.size), evidenceBytes };
  }

  /** The jobs that a session with so much credit may have open now: fewer when memory is tight, and always one. */
  credit(base: number): number {
    return Math.max(1, Math.floor(base * this.#options.memory.share));
  }

  /** Calls the listener when credit may have changed. Returns the call that stops it. */
  onCredit(listener: () => void): () => void {
    return this.#options.memory.onChange(listener);
  }

  /** Takes up what an earlier server left, and begins to run jobs. */
  async start(): Promise<void> {
    const { store, quota, logger } = this.#options;
    await quota.load();
    const unfinished = await store.unfinished();
    // A full disk must not keep the server from starting: what makes room is this server. Each lease is stored again anyway.
    await store.requeueAll().catch((error: unknown) => logger.error({ err: error }, 'the jobs of an earlier server stay as it left them'));
    for (const job of unfinished) {
      this.events.open(job.id);
      quota.resume(job);
      if (job.attempts < MAX_ATTEMPTS) this.#take(job);
      else void this.#end(job.id, failed(new RenderError('browser_crashed', 'The server stopped while it worked on the job, and the job had no attempt left.', { reason: 'server_stopped' })));
    }
    if (unfinished.length > 0) logger.info({ jobs: unfinished.length }, 'the jobs of an earlier server are taken up');
    this.#dispatcher.start();
  }

  /**
   * Stores a job and queues it, or finds the one that the owner stored under the same key.
   * @throws RenderError queue_full, overloaded, rate_limited, budget_exceeded, draining: then nothing is stored;
   *   bad_request when the key stands for another request
   */
  async submit(caller: Caller, request: AnalysisRequest, { idempotencyKey, onLost }: SubmitOptions): Promise<Accepted> {
    const { store, quota } = this.#options;
    const known = await store.findByKey(caller.owner, idempotencyKey);
    if (known) return this.#sameJob(known, request);
    const leave = this.#intake.enter(caller, [request]);
    let stored = false;
    try {
      await quota.consume(caller, 1);
      const { job, deduplicated } = await this.#writes.once(() => store.insert(this.#newJob(caller, request, onLost), idempotencyKey));
      if (deduplicated) return this.#sameJob(job, request);
      stored = true;
      this.events.open(job.id);
      this.#take(job);
      return this.#accepted(job, false);
    } finally {
      leave(stored);
    }
  }

  /**
   * Stores a batch with all its jobs and queues them, or finds the one that the owner stored under the same key.
   * @throws RenderError as submit; then none of it is stored
   */
  async submitBatch(caller: Caller, batch: BatchRequest, idempotencyKey: string): Promise<{ batch: Batch; jobs: string[]; deduplicated: boolean }> {
    const { store, batches, quota } = this.#options;
    const digest = createHash('sha256').update(JSON.stringify(batch)).digest('hex');
    const same = async (known: KnownBatch): Promise<{ batch: Batch; jobs: string[]; deduplicated: boolean }> => {
      if (known.digest !== digest) throw otherRequest();
      return { batch: await this.batch(caller.owner, known.id), jobs: (await store.ofBatch(known.id)).map((job) => job.id), deduplicated: true };
    };
    const known = await batches.findByKey(caller.owner, idempotencyKey);
    if (known) return same(known);
    const { requests, webhook } = batch;
    const leave = this.#intake.enter(caller, requests);
    let stored = false;
    try {
      await quota.consume(caller, requests.length);
      const jobs = requests.map((request) => this.#newJob(caller, request, 'finish'));
      const made = await this.#writes.once(() => store.insertBatch(jobs, { owner: caller.owner, idempotencyKey, digest, webhook }));
      if ('known' in made) return same(made.known); // submitted twice at the same moment
      stored = true;
      for (const job of made.jobs) {
        this.events.open(job.id);
        this.#take(job);
      }
      return { batch: made.batch, jobs: made.jobs.map(({ id }) => id), deduplicated: false };
    } finally {
      leave(stored);
    }
  }

  /** @throws RenderError not_found, also for a job of another owner */
  async get(owner: string, id: string): Promise<Job> {
    const job = await this.#options.store.find(id);
    if (!job || job.owner !== owner) throw noJob(id);
    return this.#live(job);
  }

  /** The owner's jobs, newest first. */
  async list(owner: string, limit: number): Promise<JobBrief[]> {
    return (await this.#options.store.list(owner, limit)).map((job) => this.#live(job));
  }

  /** @throws RenderError not_found, also for a batch of another owner */
  async batch(owner: string, id: string): Promise<Batch> {
    const batch = await this.#options.batches.find(id);
    if (!batch || batch.owner !== owner) throw new RenderError('not_found', `There is no batch ${id} of this key.`);
    return batch;
  }

  /** The jobs of a batch, in the order in which they were asked for. @throws RenderError not_found */
  async batchJobs(owner: string, id: string): Promise<JobBrief[]> {
    await this.batch(owner, id);
    return (await this.#options.store.ofBatch(id)).map((job) => this.#live(job));
  }

  /** Cancels a job in whatever stage it is; one that has ended stays as it is. Returns when its end is stored. */
  async cancel(owner: string, id: string): Promise<void> {
    const { endedAt } = await this.#factsOf(owner, id);
    if (endedAt === null) await this.#cancel(id);
  }

  /** Cancels all jobs of a batch that have not ended. Returns when their ends are stored. */
  async cancelBatch(owner: string, id: string): Promise<void> {
    const jobs = await this.batchJobs(owner, id);
    await Promise.all(jobs.filter(({ endedAt }) => endedAt === null).map((job) => this.#cancel(job.id)));
  }

  /**
   * Follows a job: `onSnapshot` for an open one and then its events, or at once its end.
   * @returns the call that stops following
   */
  async watch(owner: string, id: string, onSnapshot: (snapshot: Snapshot) => void, listener: Listener): Promise<() => void> {
    const { store } = this.#options;
    await this.#factsOf(owner, id);
    const snapshot = this.events.snapshot(id);
    const stop = this.events.listen(id, listener);
    if (snapshot && stop) {
      const leave = this.#followers.follow(id);
      onSnapshot(snapshot);
      return () => {
        stop();
        leave();
      };
    }
    const end = (await store.find(id))?.end;
    if (end) listener({ type: 'end', end });
    return () => {};
  }

  /** Follows a batch: tells where it stands at once, and again when all its jobs have ended. Returns the call that stops it. */
  async watchBatch(owner: string, id: string, listener: (counts: BatchCounts) => void): Promise<() => void> {
    await this.batch(owner, id);
    const listeners = this.#batchListeners.get(id) ?? new Set();
    this.#batchListeners.set(id, listeners.add(listener));
    const stop = (): void => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#batchListeners.delete(id);
    };
    const { counts } = await this.batch(owner, id);
    if (!listeners.has(listener)) return stop; // it ended meanwhile, and the listener knows
    if (counts.open === 0) stop();
    listener(counts);
    return stop;
  }

  /** Number of the owner's last end; 0 before the first. */
  async lastEvent(owner: string): Promise<number> {
    return this.#options.ends.last(owner);
  }

  /** The owner's ends after a number, oldest first. */
  async eventsAfter(owner: string, number: number, limit: number): Promise<EndedEvent[]> {
    return this.#options.ends.after(owner, number, limit);
  }

  /** Calls `wake` whenever a job or batch of the owner has ended. Returns the call that stops it. */
  onEvent(owner: string, wake: () => void): () => void {
    return this.events.onEnded(owner, wake);
  }

  /** Takes nothing more in and leases nothing more; what waits stays stored for the next start. */
  drain(): void {
    this.#intake.close();
    this.#followers.close();
    this.#dispatcher.drain();
  }

  /** Waits for what runs, `graceMs` at most; what is not done by then is handed back to the store. */
  async stop(graceMs: number): Promise<void> {
    this.drain();
    await this.#dispatcher.stop(graceMs, () => this.#writes.stop());
  }

  /** @throws RenderError not_found, also for a job of another owner */
  async #factsOf(owner: string, id: string): Promise<JobFacts> {
    const job = await this.#options.store.facts(id);
    if (!job || job.owner !== owner) throw noJob(id);
    return job;
  }

  #newJob(caller: Caller, request: AnalysisRequest, onLost: OnLost = request.webhook ? 'finish' : 'keep'): NewJob {
    return { caller, request, onLost, scopes: this.#options.quota.scopesOf(caller) };
  }

  #take(job: JobFacts): void {
    this.#followers.open(job.id, job.onLost);
    this.#dispatcher.enqueue(job);
  }

  async #cancel(id: string): Promise<void> {
    await this.#dispatcher.remove(id, new RenderError('cancelled', 'The job was cancelled.'));
    await this.#end(id, { stage: 'cancelled' }); // unless it has its end by now
    if (this.stopped.aborted) throw new RenderError('draining', 'The server stopped before the end could be stored.', { retryAfterMs: 2_000 });
  }

  async #lost(id: string): Promise<void> {
    this.#options.logger.info({ job: id }, 'nobody follows the job any more; it is cancelled');
    await this.#cancel(id).catch((error: unknown) => this.#options.logger.info({ job: id, err: error }, 'the job of a lost client was not cancelled'));
  }

  /** The store has the stage where the attempt began; the events have the one of now. */
  #live<T extends Pick<JobFacts, 'id' | 'stage' | 'endedAt'>>(job: T): T {
    const live = this.events.snapshot(job.id);
    return live && job.endedAt === null ? { ...job, stage: live.stage } : job;
  }

  #sameJob(job: JobFacts, { webhook: _, ...request }: AnalysisRequest): Accepted {
    // Read as a request again: what an earlier version stored lacks the defaults of this one.
    const [stored, asked] = [AnalysisRequest.safeParse(job.request), AnalysisRequest.safeParse(request)];
    if (!isDeepStrictEqual(stored.data ?? job.request, asked.data ?? request)) throw otherRequest();
    return this.#accepted(job, true);
  }

  #accepted(job: JobFacts, deduplicated: boolean): Accepted {
    const { queue, throughput } = this.#dispatcher;
    const position = deduplicated ? queue.position(job.id) ?? 0 : Math.max(0, queue.positionOfNew(job.owner, job.request.priority) - 1);
    return { job, deduplicated, position, etaMs: throughput.waitBehind(position + 1) };
  }

  async #end(id: string, end: End): Promise<void> {
    const { store, quota, onDue } = this.#options;
    const ended = await this.#writes.persist({ job: id }, () => store.end(id, end));
    if (!ended) return;
    quota.leave(ended);
    this.#followers.forget(id);
    this.events.publish(id, { type: 'end', end });
    this.events.ended(ended.owner);
    if (ended.batch) {
      const listeners = this.#batchListeners.get(ended.batch.id);
      this.#batchListeners.delete(ended.batch.id);
      for (const listener of listeners ?? []) listener(ended.batch.counts);
      listeners?.clear();
    }
    if (ended.due) onDue();
  }
}

function failed(error: RenderError): End {
  return { stage: 'failed', error: error.toWire() };
}

function noJob(id: string): RenderError {
  return new RenderError('not_found', `There is no job ${id} of this key.`);
}

function otherRequest(): RenderError {
  return new RenderError('bad_request', 'idempotencyKey: was used for another request', { reason: 'idempotencyKey' });
}

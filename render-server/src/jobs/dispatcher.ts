import { performance } from 'node:perf_hooks';
import type { AnalystState } from '../analysis/analyst.ts';
import { orAbort } from '../bounded.ts';
import type { Slot } from '../browsers/pool.ts';
import { RenderError } from '../errors.ts';
import type { End, JobFacts } from '../store/jobs.ts';
import { EvidenceRoom, type Room } from './evidence-room.ts';
import type { MemoryGate } from './memory-gate.ts';
import { JobQueue } from './queue.ts';
import { runJob, type RunnerOptions } from './runner.ts';
import { Throughput } from './throughput.ts';

export interface DispatcherOptions extends RunnerOptions {
  queueWaitMs: number;
  evidenceMaxBytes: number;
  memory: MemoryGate;
  /** Stores and tells an end; never rejects. */
  end(id: string, end: End): Promise<void>;
  /** Puts a job that this server cannot finish back into the store; never rejects. */
  handBack(id: string): Promise<void>;
}

/** Why a running job is stopped without an end when the server stops: the next start takes it up again. */
const HAND_BACK = Symbol('hand back');

/** Assumed for the first job, in ms: two or three seconds of rendering and measuring, and ten of Claude's. */
const JOB_MS = 3_000;
const JOB_WITH_CLAUDE_MS = 12_000;

/** How often those who wait are told their place, in ms. */
const POSITIONS_MS = 2_000;

/** How often a dispatcher that waits for memory looks again, in ms. */
const MEMORY_PAUSE_MS = 1_000;

/** Leases the queued jobs one after the other, and holds what runs. */
export class Dispatcher {
  readonly queue = new JobQueue();
  readonly throughput: Throughput;
  readonly #options: DispatcherOptions;
  readonly #running = new Map<string, { cancel: AbortController; ended: Promise<void> }>();
  readonly #waits = new Map<string, { limit: NodeJS.Timeout; since: number }>();
  readonly #room: EvidenceRoom;
  readonly #stopping = new AbortController();
  readonly #positions: NodeJS.Timeout;
  readonly #told = new Map<string, number>();
  #loop: Promise<void> | undefined;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.#room = new EvidenceRoom(options.evidenceMaxBytes, () => this.#parallel);
    this.throughput = new Throughput(() => this.#parallel, options.claude ? JOB_WITH_CLAUDE_MS : JOB_MS);
    this.#positions = setInterval(() => this.#tellPositions(), POSITIONS_MS).unref();
  }

  get running(): number {
    return this.#running.size;
  }

  /** Bytes of evidence that are held. */
  get evidenceBytes(): number {
    return this.#room.bytes;
  }

  get claude(): AnalystState | undefined {
    return this.#options.claude?.state;
  }

  /** How long the first of the queued jobs has waited, in ms. */
  get oldestWaitMs(): number {
    let oldest = Date.now();
    for (const { since } of this.#waits.values()) oldest = Math.min(oldest, since);
    return Date.now() - oldest;
  }

  start(): void {
    this.#loop = this.#dispatch();
  }

  enqueue(job: JobFacts): void {
    this.queue.push({ id: job.id, owner: job.owner, priority: job.request.priority });
    if (this.#stopping.signal.aborted) return; // it was on its way into the store; the next start takes it up
    const limit = setTimeout(() => void this.#waitedTooLong(job.id), this.#options.queueWaitMs).unref();
    this.#waits.set(job.id, { limit, since: Date.now() });
  }

  /** Takes a job out of the queue, or stops it where it runs; returns when it does neither any more. */
  async remove(id: string, why: RenderError): Promise<void> {
    this.#leaveQueue(id);
    const running = this.#running.get(id);
    running?.cancel.abort(why);
    await running?.ended;
    this.#leaveQueue(id);
  }

  /** Leases nothing more. */
  drain(): void {
    this.#stopping.abort();
    clearInterval(this.#positions);
    for (const { limit } of this.#waits.values()) clearTimeout(limit);
  }

  /** Waits for what runs, `graceMs` at most; what is not done by then is handed back, and `handingBack` called before. */
  async stop(graceMs: number, handingBack: () => void): Promise<void> {
    this.drain();
    await this.#loop;
    const timer = setTimeout(() => {
      for (const { cancel } of this.#running.values()) cancel.abort(HAND_BACK);
      handingBack();
    }, graceMs);
    await Promise.all([...this.#running.values()].map(({ ended }) => ended));
    clearTimeout(timer);
    handingBack();
  }

  /** Jobs that run at the same time: as many pages again as Claude has calls, so that the next is ready when one ends. */
  get #parallel(): number {
    const { pool, claude } = this.#options;
    return pool.slots.total + (claude?.state?.limit ?? 0);
  }

  #leaveQueue(id: string): boolean {
    clearTimeout(this.#waits.get(id)?.limit);
    this.#waits.delete(id);
    this.#told.delete(id);
    return this.queue.remove(id);
  }

  async #waitedTooLong(id: string): Promise<void> {
    if (!this.#leaveQueue(id)) return;
    const seconds = Math.round(this.#options.queueWaitMs / 1000);
    const error = new RenderError('deadline_exceeded', `No page was free within ${seconds} s.`, { reason: 'queue_wait' });
    await this.#options.end(id, { stage: 'failed', error: error.toWire() });
  }

  /** A job leaves the queue when there is memory, its evidence may be held, and a page is free. */
  async #dispatch(): Promise<void> {
    const { pool } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      let room: Room | undefined;
      let slot: Slot | undefined;
      try {
        await orAbort(this.queue.filled(), signal);
        await this.#memory(signal);
        room = await this.#room.acquire(signal);
        slot = await pool.acquire(signal);
      } catch {
        // The server stops.
      }
      const id = slot && !signal.aborted ? this.queue.shift() : undefined;
      if (!room || !slot || id === undefined) {
        slot?.release();
        room?.release();
        continue;
      }
      this.#leaveQueue(id);
      const held = room;
      const cancel = new AbortController();
      const ended = this.#run(id, slot, held, cancel.signal).finally(() => {
        this.#running.delete(id);
        held.release();
      });
      this.#running.set(id, { cancel, ended });
    }
  }

  /** Waits while memory is full, unless nothing runs that could give any back. */
  async #memory(signal: AbortSignal): Promise<void> {
    const { memory } = this.#options;
    while (memory.use.level === 'full' && this.#running.size > 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, MEMORY_PAUSE_MS);
      await orAbort(promise, signal).finally(() => clearTimeout(timer));
    }
  }

  async #run(id: string, slot: Slot, room: Room, cancel: AbortSignal): Promise<void> {
    const { end, handBack } = this.#options;
    const started = performance.now();
    try {
      const outcome = await runJob(this.#options, id, slot, { cancel, onEvidence: (bytes) => room.fill(bytes) });
      if (!outcome) return;
      if (outcome.stage !== 'cancelled') this.throughput.record(performance.now() - started);
      await end(id, outcome);
    } catch (error) {
      if (error === HAND_BACK) return handBack(id);
      await end(id, { stage: 'failed', error: RenderError.from(error).toWire() });
    }
  }

  #tellPositions(): void {
    const { events } = this.#options;
    for (const [id, position] of this.queue.positions((id) => events.followed(id))) {
      if (this.#told.get(id) === position) continue;
      this.#told.set(id, position);
      const message = position === 0 ? 'Next in the queue' : `${position} ${position === 1 ? 'job' : 'jobs'} before it`;
      events.publish(id, { type: 'progress', stage: 'queued', fraction: 0, message, position });
    }
  }
}

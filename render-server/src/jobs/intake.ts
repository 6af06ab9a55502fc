import type { AnalysisRequest, Priority } from '@cro-analyzer/protocol/messages';
import { RenderError } from '../errors.ts';
import type { Caller } from '../store/jobs.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { MemoryGate } from './memory-gate.ts';
import type { Quota } from './quota.ts';

export interface IntakeOptions {
  queueMax: number;
  /** Longest that a job may be expected to wait, in ms. */
  queueWaitMs: number;
  /** Whether several keys use the server: then none may fill the queue alone. */
  shared: boolean;
  quota: Quota;
  memory: MemoryGate;
  load: Pick<Dispatcher, 'queue' | 'throughput' | 'running'>;
}

/** Above this share of the queue, what is left is for keys that have less than an equal part of it. */
const CROWDED = 0.9;

/** When clients of a stopping server shall come back, in ms. */
const DRAINING_MS = 2_000;

/** Decides whether there is room for new jobs, and holds it until the store has them. */
export class Intake {
  readonly #options: IntakeOptions;
  /** Places in the queue of jobs that the store is about to take, by owner. */
  readonly #reserved = new Map<string, number>();
  #closed = false;

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  /** Takes nothing more in. */
  close(): void {
    this.#closed = true;
  }

  /**
   * Reserves room for new jobs, all or none; synchronous, so that submits of the same moment cannot share it.
   * @returns gives the room back, and the quota too when the jobs were not stored
   * @throws RenderError queue_full, overloaded, rate_limited, budget_exceeded, draining, each with a time to come back;
   *   too_large for a batch that no waiting would ever let in
   */
  enter(caller: Caller, requests: readonly AnalysisRequest[]): (stored: boolean) => void {
    const { queueMax, quota, memory, load: { queue, throughput, running } } = this.#options;
    const jobs = requests.length;
    const retryAfterMs = (): number => throughput.retryAfter();
    if (this.#closed) throw new RenderError('draining', 'The server is stopping.', { retryAfterMs: DRAINING_MS });
    // With nothing to do one job is taken all the same: nothing else would ever give memory back.
    if (memory.use.level === 'full' && running + queue.size > 0) throw new RenderError('overloaded', 'The server is short of memory.', { reason: 'memory', retryAfterMs: retryAfterMs() });
    if (jobs > queueMax) throw new RenderError('too_large', `The queue has room for ${queueMax} jobs; these are ${jobs}.`, { reason: 'queue' });
    const mine = this.#reserved.get(caller.owner) ?? 0;
    if (this.#isFull(caller.owner, mine, jobs)) throw new RenderError('queue_full', `The queue is full: ${queue.size} jobs wait.`, { retryAfterMs: retryAfterMs() });
    this.#checkWait(caller.owner, mine, requests, retryAfterMs);
    const leave = quota.enter(caller, requests, retryAfterMs);
    this.#reserved.set(caller.owner, mine + jobs);
    return (stored) => {
      const left = (this.#reserved.get(caller.owner) ?? 0) - jobs;
      if (left > 0) this.#reserved.set(caller.owner, left);
      else this.#reserved.delete(caller.owner);
      if (!stored) leave();
    };
  }

  #isFull(owner: string, reserved: number, jobs: number): boolean {
    const { queueMax, shared, load: { queue } } = this.#options;
    const waiting = [...this.#reserved.values()].reduce((sum, count) => sum + count, queue.size + jobs);
    if (waiting > queueMax) return true;
    const others = queue.owners - (queue.sizeOf(owner) > 0 ? 1 : 0);
    const part = queueMax / (others + 2); // as if one more key came
    return shared && waiting > queueMax * CROWDED && queue.sizeOf(owner) + reserved + jobs > part;
  }

  #checkWait(owner: string, reserved: number, requests: readonly AnalysisRequest[], retryAfterMs: () => number): void {
    const { queueWaitMs, load: { queue, throughput } } = this.#options;
    const rest = requests.length - 1;
    const alone = throughput.waitBehind(rest);
    if (alone > queueWaitMs) throw new RenderError('too_large', `So many jobs would take about ${seconds(alone)} s, and none may wait longer than ${seconds(queueWaitMs)} s (CRO_QUEUE_WAIT_MS): send them in parts.`, { reason: 'wait' });
    const wait = throughput.waitBehind(queue.positionOfNew(owner, lowest(requests)) + reserved + rest);
    if (wait > queueWaitMs) throw new RenderError('overloaded', `The expected wait of ${seconds(wait)} s is longer than the server allows.`, { reason: 'wait', retryAfterMs: retryAfterMs() });
  }
}

/** Of a batch, those of the lowest priority wait longest. */
function lowest(requests: readonly AnalysisRequest[]): Priority {
  return (['low', 'normal', 'high'] as const).find((priority) => requests.some((request) => request.priority === priority)) ?? 'normal';
}

function seconds(ms: number): number {
  return Math.round(ms / 1000);
}

/** Weight of the newest job in the moving average of job times. */
const SMOOTHING = 0.2;

/** No refusal sends anyone away for longer, or for less, in ms. */
const MAX_RETRY_MS = 60_000;
const MIN_RETRY_MS = 100;

/** Estimates waits from what jobs took so far. Times are in ms. */
export class Throughput {
  readonly #parallel: () => number;
  #jobMs: number;
  #nextOpening = 0;

  /**
   * @param parallel asked anew each time: jobs that run at the same time when there is enough work
   * @param firstGuessMs assumed of a job before any has ended
   */
  constructor(parallel: () => number, firstGuessMs: number) {
    this.#parallel = parallel;
    this.#jobMs = firstGuessMs;
  }

  /** Tells how long a job took from its lease to its end. */
  record(ms: number): void {
    this.#jobMs += SMOOTHING * (ms - this.#jobMs);
  }

  /** Expected wait behind so many jobs, by Little's law. */
  waitBehind(jobs: number): number {
    return Math.round(jobs * this.#interval);
  }

  /** When a refused caller should come back. Callers refused one after the other get times one after the other. */
  retryAfter(now = Date.now()): number {
    this.#nextOpening = Math.min(Math.max(now, this.#nextOpening) + this.#interval, now + MAX_RETRY_MS);
    return Math.round(Math.max(MIN_RETRY_MS, this.#nextOpening - now));
  }

  /** Mean time between two ends under full load. */
  get #interval(): number {
    return this.#jobMs / this.#parallel();
  }
}

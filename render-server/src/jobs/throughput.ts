/** Weight of the newest job in the moving average of job times. */
const SMOOTHING = 0.2;

/** Assumed for the first job, in ms: about a second of rendering and ten of Claude's. */
const FIRST_GUESS_MS = 12_000;

/** No refusal sends anyone away for longer, or for less, in ms. */
const MAX_RETRY_MS = 60_000;
const MIN_RETRY_MS = 100;

/** Estimates waits from what jobs took so far. Times are in ms. */
export class Throughput {
  readonly #parallel: () => number;
  #jobMs = FIRST_GUESS_MS;
  #nextOpening = 0;

  /** @param parallel asked anew each time: jobs that run at the same time when there is enough work */
  constructor(parallel: () => number) {
    this.#parallel = parallel;
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

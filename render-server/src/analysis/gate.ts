import type { Logger } from 'pino';
import type { AnalystState } from './analyst.ts';
import { CallFailed } from './call.ts';
import { AdaptiveLimit, type Outcome } from './limit.ts';
import { exhaustedFor } from './rate-headers.ts';

/** Calls in a row that fail for reasons of the service before it is taken for down. */
const FAILURES_TO_DOWN = 5;

/** Pauses before a service that is down is tried again: doubled from the first to the longest. */
const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 15_000;

/** How long after its last pause a service that nobody has called since is still said to be down: after that nobody knows. */
const NEWS_MS = 180_000;

/** Reasons of the service, not of what was asked; being at a rate limit is a healthy answer. */
const OF_THE_SERVICE = new Set(['connect', 'cut', 'stalled', 'overloaded', 'faulty', 'auth']);

/** Reasons by which the service says that it has too much. */
const TOO_MUCH = new Set(['rate_limited', 'overloaded']);

/**
 * What every call to Claude passes, over all jobs: a limit that follows what Claude bears, and a circuit breaker. While
 * Claude is down calls wait here; after a pause one goes first, and the others follow when Claude answers. Only what
 * comes from Claude counts: a call that was cancelled or had no money lets the next one go first, at once.
 */
export class Gate {
  readonly #limit: AdaptiveLimit;
  readonly #logger: Pick<Logger, 'info' | 'warn'>;
  /** Calls in a row that failed for reasons of the service. */
  #failures = 0;
  #fault: CallFailed | undefined;
  #pausedUntil = 0;
  /** Changes with every pause and every return: the failure of a call from before is no news. */
  #period = 0;

  /** @param max calls at the same time */
  constructor(max: number, logger: Pick<Logger, 'info' | 'warn'>) {
    this.#limit = new AdaptiveLimit(max);
    this.#logger = logger;
  }

  get state(): AnalystState {
    const { limit, active, waiting } = this.#limit;
    const down = this.#down && performance.now() < this.#pausedUntil + NEWS_MS;
    return { state: down ? 'down' : 'up', limit, active, waiting };
  }

  /** Why calls are held back, if they are. */
  get fault(): CallFailed | undefined {
    return this.#down ? this.#fault : undefined;
  }

  /**
   * Waits until the call may be made, and makes it.
   * @throws what the call throws; CallFailed at once while Claude is down for a reason that no waiting helps; `signal.reason` when aborted before
   */
  async pass<T>(call: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const release = await this.#limit.acquire(signal);
    if (this.fault?.again === false && performance.now() < this.#pausedUntil) {
      release('other');
      throw this.fault;
    }
    const period = this.#period;
    let outcome: Outcome = 'other';
    try {
      const value = await call();
      outcome = 'answered';
      this.#answered();
      return value;
    } catch (error) {
      if (error instanceof CallFailed) {
        const { reason = '', retryAfterMs = 0 } = error.error;
        if (TOO_MUCH.has(reason)) {
          outcome = 'overloaded';
          this.#limit.hold(retryAfterMs);
        }
        if (!OF_THE_SERVICE.has(reason)) this.#answered();
        else if (period === this.#period) this.#failed(error);
      }
      throw error;
    } finally {
      release(outcome);
    }
  }

  /** Follows the rate headers of an answer: with nothing left, the next call waits for the reset. */
  heed(headers: Headers): void {
    this.#limit.hold(exhaustedFor(headers));
  }

  get #down(): boolean {
    return this.#failures >= FAILURES_TO_DOWN;
  }

  #failed(fault: CallFailed): void {
    this.#failures += 1;
    this.#fault = fault;
    if (!this.#down) return;
    const ms = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (this.#failures - FAILURES_TO_DOWN));
    this.#period += 1;
    this.#pausedUntil = performance.now() + ms;
    // Those that wait keep their places in the line; with a key that is refused nobody waits.
    this.#limit.pause(fault.again ? ms : 0);
    this.#logger.warn({ reason: fault.error.reason, ms }, 'Claude is down: calls are held back');
  }

  #answered(): void {
    const back = this.#down;
    this.#failures = 0;
    if (!back) return;
    this.#period += 1;
    this.#limit.resume();
    this.#logger.info('Claude is back');
  }
}

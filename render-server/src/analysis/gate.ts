import { BrokenCircuitError, circuitBreaker, CircuitState, ConsecutiveBreaker, DelegateBackoff, handleWhen, type CircuitBreakerPolicy } from 'cockatiel';
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

/** What the breaker's clock may be behind the limit's. */
const CLOCK_SKEW_MS = 100;

/** Reasons of the service, not of what was asked; being at a rate limit is a healthy answer. */
const OF_THE_SERVICE = new Set(['connect', 'cut', 'stalled', 'overloaded', 'faulty', 'auth']);

/** Reasons by which the service says that it has too much. */
const TOO_MUCH = new Set(['rate_limited', 'overloaded']);

/**
 * What every call to Claude passes, over all jobs: a limit that follows what Claude bears, and a circuit breaker. While
 * Claude is down calls wait here; after a pause one goes first, and the others follow when it is answered.
 */
export class Gate {
  readonly #limit: AdaptiveLimit;
  readonly #breaker: CircuitBreakerPolicy;

  /** @param max calls at the same time */
  constructor(max: number, logger: Pick<Logger, 'info' | 'warn'>) {
    this.#limit = new AdaptiveLimit(max);
    // Of the call that goes first, whatever does not come from Claude proves nothing: it may have been cancelled.
    const failed = handleWhen((error) => (error instanceof CallFailed
      ? OF_THE_SERVICE.has(error.error.reason ?? '')
      : this.#breaker.state === CircuitState.HalfOpen));
    this.#breaker = circuitBreaker(failed, {
      breaker: new ConsecutiveBreaker(FAILURES_TO_DOWN),
      halfOpenAfter: new DelegateBackoff(({ attempt }) => this.#pause(attempt)),
    });
    this.#breaker.onBreak(() => {
      this.#limit.oneByOne = true;
      logger.warn({ reason: this.fault?.error.reason }, 'Claude is down: calls are held back');
    });
    this.#breaker.onReset(() => {
      logger.info('Claude is back');
      this.#limit.oneByOne = false;
    });
  }

  get state(): AnalystState {
    const { limit, active, waiting } = this.#limit;
    return { state: this.#breaker.state === CircuitState.Closed ? 'up' : 'down', limit, active, waiting };
  }

  /** Why Claude was last taken for down. */
  get fault(): CallFailed | undefined {
    const reason = this.#breaker.lastFailure;
    return reason && 'error' in reason && reason.error instanceof CallFailed ? reason.error : undefined;
  }

  /**
   * Waits until the call may be made, and makes it.
   * @throws what the call throws; CallFailed at once while Claude is down for a reason that no waiting helps; `signal.reason` when aborted before
   */
  async pass<T>(call: () => Promise<T>, signal: AbortSignal): Promise<T> {
    for (;;) {
      const release = await this.#limit.acquire(signal);
      let outcome: Outcome = 'other';
      try {
        const value = await this.#breaker.execute(call);
        outcome = 'answered';
        return value;
      } catch (error) {
        if (error instanceof BrokenCircuitError) {
          if (this.fault?.again === false) throw this.fault;
          this.#limit.hold(CLOCK_SKEW_MS);
          continue;
        }
        if (error instanceof CallFailed && TOO_MUCH.has(error.error.reason ?? '')) {
          outcome = 'overloaded';
          this.#limit.hold(error.error.retryAfterMs ?? 0);
        }
        throw error;
      } finally {
        release(outcome);
      }
    }
  }

  /** Follows the rate headers of an answer: with nothing left, the next call waits for the reset. */
  heed(headers: Headers): void {
    this.#limit.hold(exhaustedFor(headers));
  }

  /** Those that wait keep their places in the line; with a key that is refused nobody waits. @returns ms */
  #pause(attempt: number): number {
    const ms = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempt - 1));
    if (this.fault?.again !== false) this.#limit.hold(ms);
    return ms;
  }
}

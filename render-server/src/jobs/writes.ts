import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { RenderError } from '../errors.ts';
import type { UsageStore } from '../store/usage.ts';

/** Pauses before a write that failed is tried again, in ms. */
const FIRST_PAUSE_MS = 250;
const MAX_PAUSE_MS = 10_000;

/** How often a store that took no write is asked whether it does again, in ms. */
const PROBE_MS = 5_000;

/** Writes to the store that must not be lost, and whether the store takes any. */
export class Writes {
  readonly #usage: UsageStore;
  readonly #logger: Logger;
  readonly #stopped = new AbortController();
  #failing = false;

  constructor(usage: UsageStore, logger: Logger) {
    this.#usage = usage;
    this.#logger = logger;
  }

  /** Whether the last write was taken. */
  get healthy(): boolean {
    return !this.#failing;
  }

  /** Fires when the server no longer waits for what runs. */
  get stopped(): AbortSignal {
    return this.#stopped.signal;
  }

  stop(): void {
    this.#stopped.abort();
  }

  /**
   * Writes once, for a caller who can be told to come back.
   * @throws RenderError overloaded, reason store, when the store does not take it
   */
  async once<T>(write: () => Promise<T>): Promise<T> {
    try {
      return this.#taken(await write());
    } catch (error) {
      if (error instanceof RenderError) throw error;
      this.#logger.error({ err: error }, 'the store did not take a write');
      this.#fail();
      throw new RenderError('overloaded', 'The server cannot store jobs at the moment.', { reason: 'store', retryAfterMs: PROBE_MS, cause: error });
    }
  }

  /**
   * Writes until the store takes it: a full disk delays an end and loses none. When the server must go first, the job
   * stays open in the store and the next start takes it up. Never rejects.
   * @param about what it is about, for the log
   */
  async persist<T>(about: object, write: () => Promise<T>): Promise<T | undefined> {
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, MAX_PAUSE_MS)) {
      try {
        return this.#taken(await write());
      } catch (error) {
        this.#logger.error({ ...about, err: error, pauseMs: pause }, 'the store did not take a write; trying again');
        this.#fail();
        const { signal } = this.#stopped;
        if (signal.aborted) return undefined;
        await delay(pause, undefined, { signal }).catch(() => {});
      }
    }
  }

  #taken<T>(value: T): T {
    this.#failing = false;
    return value;
  }

  #fail(): void {
    if (this.#failing) return;
    this.#failing = true;
    void this.#probe();
  }

  /** A server that is told apart as not ready gets no submits, so it asks by itself. */
  async #probe(): Promise<void> {
    const { signal } = this.#stopped;
    while (this.#failing && !signal.aborted) {
      await delay(PROBE_MS, undefined, { signal, ref: false }).catch(() => {});
      if (signal.aborted) return;
      await this.#usage.probe().then(() => this.#taken(undefined), () => {});
    }
  }
}

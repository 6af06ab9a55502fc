import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { RenderError } from '../errors.ts';
import { isStoreFailure } from '../store/database.ts';
import type { UsageStore } from '../store/usage.ts';

/** Pauses before a write that failed is tried again, in ms. */
const FIRST_PAUSE_MS = 250;
const MAX_PAUSE_MS = 10_000;

/** How often a store that took no write is asked whether it does again, in ms. */
const PROBE_MS = 5_000;

/**
 * Writes to the store that must not be lost, and whether the store takes any. One is done after the other, with a turn
 * of the event loop after each: SQLite answers at once, so that a thousand of them in a row would let nothing else
 * have its turn.
 */
export class Writes {
  readonly #usage: UsageStore;
  readonly #logger: Logger;
  readonly #stopped = new AbortController();
  #line: Promise<unknown> = Promise.resolve();
  #failing = false;
  #probing = false;

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
   * @throws RenderError overloaded, reason store, when the store does not take it; what `write` throws for another reason
   */
  async once<T>(write: () => Promise<T>): Promise<T> {
    try {
      return await this.#inLine(write);
    } catch (error) {
      if (error instanceof RenderError) throw error;
      if (!this.#noted(error, {})) throw error;
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
        return await this.#inLine(write);
      } catch (error) {
        this.#noted(error, { ...about, pauseMs: pause });
        const { signal } = this.#stopped;
        if (signal.aborted) return undefined;
        await delay(pause, undefined, { signal }).catch(() => {});
      }
    }
  }

  /** One that failed holds up nobody: when it is tried again, it is the last in line. */
  async #inLine<T>(write: () => Promise<T>): Promise<T> {
    const written = this.#line.then(write);
    this.#line = written.then(() => turn(), () => turn());
    const value = await written;
    this.#failing = false;
    return value;
  }

  /** Whether the store is to blame. */
  #noted(error: unknown, about: object): boolean {
    const failure = isStoreFailure(error);
    this.#logger.error({ ...about, err: error }, failure ? 'the store did not take a write' : 'a write to the store is mistaken');
    if (failure) {
      this.#failing = true;
      void this.#probe();
    }
    return failure;
  }

  /** A server that is told apart as not ready gets no submits, so it asks by itself. */
  async #probe(): Promise<void> {
    if (this.#probing) return;
    this.#probing = true;
    const { signal } = this.#stopped;
    while (this.#failing && !signal.aborted) {
      await delay(PROBE_MS, undefined, { signal, ref: false }).catch(() => {});
      if (this.#failing && !signal.aborted) await this.#inLine(() => this.#usage.probe()).catch(() => {});
    }
    this.#probing = false;
  }
}

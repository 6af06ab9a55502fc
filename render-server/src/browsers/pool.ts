import type { Logger } from 'pino';
import { setTimeout as delay } from 'node:timers/promises';
import { orAbort } from '../bounded.ts';
import { Browser, type LaunchOptions } from './browser.ts';

export interface PoolOptions extends LaunchOptions {
  browsers: number;
  pagesPerBrowser: number;
  logger: Logger;
}

/** The right to one page of one browser, until it is released. */
export interface Slot {
  readonly browser: Browser;
  /** Gives the slot back. Only the first call counts. */
  release(): void;
  /** Ends the browser, which is replaced: for a browser that no longer obeys. */
  condemn(): void;
}

interface Waiter {
  resolve(slot: Slot): void;
}

interface Seat {
  browser: Browser | undefined;
  used: number;
}

const RELAUNCH_FIRST_MS = 500;
const RELAUNCH_MAX_MS = 30_000;

/** A fixed number of warm browsers with a fixed number of pages each. A browser that dies is replaced. */
export class BrowserPool {
  readonly #options: PoolOptions;
  readonly #seats: Seat[];
  readonly #closing = new AbortController();
  #waiters: Waiter[] = [];

  private constructor(options: PoolOptions) {
    this.#options = options;
    this.#seats = Array.from({ length: options.browsers }, () => ({ browser: undefined, used: 0 }));
  }

  /** Starts all browsers. Throws what the first failed launch throws, with nothing left running. */
  static async start(options: PoolOptions): Promise<BrowserPool> {
    const pool = new BrowserPool(options);
    const launches = await Promise.allSettled(pool.#seats.map((seat) => pool.#launchInto(seat)));
    const failed = launches.find((launch) => launch.status === 'rejected');
    if (failed) {
      await pool.close();
      throw failed.reason;
    }
    return pool;
  }

  /** Page slots: in all, those of living browsers, and those in use. */
  get slots(): { total: number; ready: number; busy: number } {
    const { browsers, pagesPerBrowser } = this.#options;
    const living = this.#seats.filter(({ browser }) => browser !== undefined);
    return {
      total: browsers * pagesPerBrowser,
      ready: living.length * pagesPerBrowser,
      busy: living.reduce((sum, { used }) => sum + used, 0),
    };
  }

  /** Process ids of the living browsers. */
  get pids(): number[] {
    return this.#seats.flatMap(({ browser }) => (browser ? [browser.pid] : []));
  }

  /** Whether every browser runs in Chromium's own sandbox. */
  get sandboxed(): boolean {
    return this.#seats.some(({ browser }) => browser) && this.#seats.every(({ browser }) => browser?.sandboxed !== false);
  }

  /** Waits for a free slot, in the order of asking, until the signal fires. */
  async acquire(signal: AbortSignal): Promise<Slot> {
    const free = this.#take();
    if (free) return free;
    const { promise, resolve } = Promise.withResolvers<Slot>();
    const waiter: Waiter = { resolve };
    this.#waiters.push(waiter);
    try {
      return await orAbort(promise, signal, (slot) => slot.release());
    } catch (error) {
      this.#waiters = this.#waiters.filter((other) => other !== waiter);
      throw error;
    }
  }

  /** Ends all browsers. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#seats.map(({ browser }) => browser?.close()));
  }

  /** A slot of the browser with the fewest pages open. */
  #take(): Slot | undefined {
    const { pagesPerBrowser } = this.#options;
    let best: Seat | undefined;
    for (const seat of this.#seats) {
      if (seat.browser && seat.used < pagesPerBrowser && (!best || seat.used < best.used)) best = seat;
    }
    const browser = best?.browser;
    if (!best || !browser) return undefined;
    const seat = best;
    seat.used += 1;
    let released = false;
    return {
      browser,
      release: () => {
        if (released) return;
        released = true;
        if (seat.browser === browser) seat.used -= 1; // a replacement counts afresh
        this.#serve();
      },
      condemn: () => {
        browser.kill();
        void this.#replace(seat, browser);
      },
    };
  }

  #serve(): void {
    while (this.#waiters.length > 0) {
      const slot = this.#take();
      if (!slot) return;
      this.#waiters.shift()?.resolve(slot);
    }
  }

  async #launchInto(seat: Seat): Promise<void> {
    const browser = await Browser.launch(this.#options);
    if (this.#closing.signal.aborted) return browser.close();
    if (!browser.sandboxed) this.#options.logger.debug({ pid: browser.pid }, 'Chromium runs without its sandbox');
    seat.browser = browser;
    seat.used = 0;
    browser.died.addEventListener('abort', () => void this.#replace(seat, browser), { once: true });
    this.#serve();
  }

  /** Puts a new browser in the place of a dead or condemned one, trying again with growing pauses until the pool closes. */
  async #replace(seat: Seat, browser: Browser): Promise<void> {
    if (seat.browser !== browser) return; // replaced already
    seat.browser = undefined;
    const { logger } = this.#options;
    const { signal } = this.#closing;
    if (signal.aborted) return;
    logger.warn({ pid: browser.pid }, 'a browser is gone and will be replaced');
    for (let pause = RELAUNCH_FIRST_MS; !signal.aborted; pause = Math.min(pause * 2, RELAUNCH_MAX_MS)) {
      try {
        return await this.#launchInto(seat);
      } catch (error) {
        logger.error({ err: error, pauseMs: pause }, 'a browser did not start; trying again');
        await delay(pause, undefined, { signal }).catch(() => {});
      }
    }
  }
}

import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { orAbort } from '../bounded.ts';
import { RenderError } from '../errors.ts';
import { Browser, type LaunchOptions } from './browser.ts';
import { LatencyDrift } from './drift.ts';
import { clearFolder } from './workspace.ts';

export interface PoolOptions extends LaunchOptions {
  browsers: number;
  pagesPerBrowser: number;
  recycle: Recycling;
}

/** When a browser is worn, so that a fresh one takes its place. */
export interface Recycling {
  /** Pages that it was leased for. */
  jobs: number;
  ageMs: number;
  /** Memory of all its processes. At twice as much it is killed. */
  memoryBytes: number;
  /** Time that pages of a worn browser have left once its replacement serves. Longer than any page is held. */
  drainMs: number;
}

/** The right to one page of one browser, until it is released. */
export interface Slot {
  readonly browser: Browser;
  /** As Browser.openPage. */
  openPage(options: BrowserContextOptions, signal: AbortSignal): Promise<{ context: BrowserContext; page: Page }>;
  /** Gives the slot back. Only the first call counts. */
  release(): void;
}

/** A browser in the pool. */
interface Member {
  readonly browser: Browser;
  readonly bornAt: number;
  /** Pages leased now, and since it was started. */
  used: number;
  served: number;
  tooLarge: boolean;
  /** When its replacement began to serve. */
  relievedAt: number | undefined;
}

/** A place for one browser. */
interface Seat {
  member: Member | undefined;
  /** The launch under way for it: of the first browser, of one in the place of a dead one, or of one to relieve a worn one. */
  launch: Promise<void> | undefined;
}

/** Launches of one browser before the start of the server gives up on it: more cannot help where Chromium is not right. */
const FIRST_LAUNCHES = 3;
const RELAUNCH_FIRST_MS = 500;
const RELAUNCH_MAX_MS = 30_000;
/** Short, since a page can fill the memory of a machine in seconds; one inspection takes a millisecond for each browser. */
const INSPECT_MS = 1_000;

/**
 * A fixed number of warm browsers with a fixed number of pages each. A browser that dies is replaced; one that is worn is
 * relieved: it serves until its replacement does, then ends with its last page. At most one is relieved at a time, so
 * there is never more than one browser above their number.
 */
export class BrowserPool {
  readonly #options: PoolOptions;
  readonly #seats: Seat[];
  /** Worn browsers that have been relieved and whose last pages are still open. */
  readonly #relieved = new Set<Member>();
  readonly #drift = new LatencyDrift();
  readonly #closing = new AbortController();
  #sandboxed = true;
  #inspection: NodeJS.Timeout | undefined;
  #waiters: PromiseWithResolvers<Slot>[] = [];

  private constructor(options: PoolOptions) {
    this.#options = options;
    this.#seats = Array.from({ length: options.browsers }, () => ({ member: undefined, launch: undefined }));
  }

  /**
   * Ends and removes what an earlier pool with the same folder left, then starts the browsers. One that does not start is
   * tried again; what still does not is tried further while the others serve. Ends with `signal.reason` when the signal
   * fires meanwhile; nothing is left running when it fails.
   * @throws RenderError internal, reason chromium, when none starts
   */
  static async start(options: PoolOptions, signal: AbortSignal): Promise<BrowserPool> {
    signal.throwIfAborted();
    await clearFolder(options.folder);
    const pool = new BrowserPool(options);
    const stop = (): void => pool.#closing.abort(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    const launches = await Promise.allSettled(pool.#seats.map((seat) => pool.#firstLaunch(seat)));
    signal.removeEventListener('abort', stop);
    if (signal.aborted) {
      await pool.close();
      throw signal.reason;
    }
    const failed = launches.find((launch) => launch.status === 'rejected');
    if (failed && pool.slots.ready === 0) {
      await pool.close();
      throw failed.reason;
    }
    for (const [index, { status }] of launches.entries()) {
      const seat = pool.#seats[index];
      if (status === 'rejected' && seat) void pool.#replace(seat);
    }
    pool.#inspection = setInterval(() => pool.#inspect(), INSPECT_MS).unref();
    return pool;
  }

  /** Page slots: in all, those of living browsers, and those in use. */
  get slots(): { total: number; ready: number; busy: number } {
    const { browsers, pagesPerBrowser } = this.#options;
    return {
      total: browsers * pagesPerBrowser,
      ready: this.#seats.filter(({ member }) => member).length * pagesPerBrowser,
      busy: this.#members.reduce((sum, { used }) => sum + used, 0),
    };
  }

  /** How much slower a page opens now than at first, at the same load: 1 is as fast, 2 half as fast. */
  get drift(): number {
    return this.#drift.ratio();
  }

  /** Process ids of all browsers. */
  get pids(): number[] {
    return this.#members.map(({ browser }) => browser.pid);
  }

  /** Whether every browser runs in Chromium's own sandbox, or did when there was one. */
  get sandboxed(): boolean {
    return this.#sandboxed;
  }

  /**
   * Waits for a free slot, in the order of asking, until the signal fires.
   * @throws RenderError draining when the pool closes
   */
  async acquire(signal: AbortSignal): Promise<Slot> {
    signal.throwIfAborted();
    this.#closing.signal.throwIfAborted();
    const free = this.#take();
    if (free) return free;
    const waiter = Promise.withResolvers<Slot>();
    this.#waiters.push(waiter);
    try {
      return await orAbort(waiter.promise, signal, (slot) => slot.release());
    } catch (error) {
      this.#waiters = this.#waiters.filter((other) => other !== waiter);
      throw error;
    }
  }

  /** Ends all browsers, also those that are starting, and removes what they left in their folder. */
  async close(): Promise<void> {
    clearInterval(this.#inspection);
    this.#closing.abort(new RenderError('draining', 'The server is stopping.'));
    for (const { reject } of this.#waiters) reject(this.#closing.signal.reason);
    await Promise.allSettled([...this.#members.map(({ browser }) => browser.close()), ...this.#seats.map(({ launch }) => launch)]);
    await clearFolder(this.#options.folder);
  }

  get #members(): Member[] {
    return [...this.#seats.flatMap(({ member }) => member ?? []), ...this.#relieved];
  }

  /** A slot of the browser with the fewest pages open. */
  #take(): Slot | undefined {
    const { total, busy } = this.slots;
    if (busy >= total) return undefined; // pages of relieved browsers count as well
    const [member] = this.#seats
      .flatMap((seat) => seat.member ?? [])
      .filter(({ used }) => used < this.#options.pagesPerBrowser)
      .sort((a, b) => a.used - b.used);
    if (!member) return undefined;
    const { browser } = member;
    member.used += 1;
    member.served += 1;
    if (member.served === this.#options.recycle.jobs) this.#relieveWorn();
    let released = false;
    return {
      browser,
      openPage: async (options, signal) => {
        const load = this.slots.busy;
        const started = performance.now();
        const opened = await browser.openPage(options, signal);
        this.#drift.record(load, performance.now() - started);
        return opened;
      },
      release: () => {
        if (released) return;
        released = true;
        member.used -= 1;
        if (this.#relieved.has(member) && member.used === 0) void browser.close();
        this.#serve();
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

  async #firstLaunch(seat: Seat): Promise<void> {
    for (let launches = 1; ; launches += 1) {
      try {
        return await this.#launchInto(seat);
      } catch (error) {
        const { signal } = this.#closing;
        if (launches === FIRST_LAUNCHES || signal.aborted) throw error;
        this.#options.logger.warn({ err: error }, 'a browser did not start; trying again');
        await delay(RELAUNCH_FIRST_MS, undefined, { signal });
      }
    }
  }

  #launchInto(seat: Seat): Promise<void> {
    seat.launch ??= this.#launch(seat).finally(() => {
      seat.launch = undefined;
    });
    return seat.launch;
  }

  async #launch(seat: Seat): Promise<void> {
    const browser = await Browser.launch(this.#options, this.#closing.signal);
    if (this.#closing.signal.aborted) return browser.close();
    if (browser.died.aborted) throw new Error('the browser died as soon as it had started');
    if (!browser.sandboxed) this.#options.logger.debug({ pid: browser.pid }, 'Chromium runs without its sandbox');
    const worn = seat.member;
    const member: Member = { browser, bornAt: Date.now(), used: 0, served: 0, tooLarge: false, relievedAt: undefined };
    seat.member = member;
    this.#sandboxed = this.#members.every((other) => other.browser.sandboxed);
    browser.died.addEventListener('abort', () => this.#lost(seat, member), { once: true });
    if (worn) {
      worn.relievedAt = Date.now();
      this.#relieved.add(worn);
      if (worn.used === 0) void worn.browser.close();
    }
    this.#serve();
  }

  /** A browser is gone: a worn one that has ended as it should, or one that died in its seat. */
  #lost(seat: Seat, member: Member): void {
    this.#relieved.delete(member);
    const seated = seat.member === member;
    if (seated) seat.member = undefined;
    if (this.#closing.signal.aborted) return;
    if (seated) {
      this.#options.logger.warn({ pid: member.browser.pid }, 'a browser is gone and will be replaced');
      void this.#replace(seat);
    }
    this.#serve();
    this.#relieveWorn();
  }

  /** Fills an empty seat, trying again with growing pauses until the pool closes. */
  async #replace(seat: Seat): Promise<void> {
    const { signal } = this.#closing;
    for (let pause = RELAUNCH_FIRST_MS; !signal.aborted; pause = Math.min(pause * 2, RELAUNCH_MAX_MS)) {
      try {
        return await this.#launchInto(seat);
      } catch (error) {
        if (signal.aborted) return;
        this.#options.logger.error({ err: error, pauseMs: pause }, 'a browser did not start; trying again');
        await delay(pause, undefined, { signal }).catch(() => {});
      }
    }
  }

  /** Looks for browsers that have grown too large or too old, ends what is far too large and pages of relieved ones that do not end. */
  #inspect(): void {
    const { recycle, logger } = this.#options;
    for (const member of this.#members) {
      const bytes = member.browser.memoryBytes();
      member.tooLarge = bytes > recycle.memoryBytes;
      if (bytes <= recycle.memoryBytes * 2) continue;
      logger.warn({ pid: member.browser.pid, bytes }, 'a browser uses far too much memory and is killed');
      member.browser.kill(new RenderError('browser_crashed', 'The browser used too much memory while it showed the page.', { reason: 'memory' }));
    }
    for (const { browser, relievedAt } of this.#relieved) {
      if (relievedAt === undefined || Date.now() - relievedAt < recycle.drainMs) continue;
      logger.warn({ pid: browser.pid }, 'a worn browser still has a page open and is killed');
      browser.kill();
    }
    this.#relieveWorn();
  }

  /** Starts the replacement of one worn browser, unless one is being started or relieved already. */
  #relieveWorn(): void {
    if (this.#closing.signal.aborted || this.#relieved.size > 0 || this.#seats.some(({ launch }) => launch)) return;
    const seat = this.#seats.find(({ member }) => member && this.#wearOf(member));
    if (!seat?.member) return;
    const { logger } = this.#options;
    const { browser, served } = seat.member;
    logger.info({ pid: browser.pid, served, wear: this.#wearOf(seat.member) }, 'a browser is worn and is being replaced');
    // Where it fails, the next inspection tries again, and the worn browser goes on meanwhile.
    this.#launchInto(seat).catch((error: unknown) => {
      if (!this.#closing.signal.aborted) logger.error({ err: error }, 'the replacement of a worn browser did not start');
    });
  }

  #wearOf({ served, bornAt, tooLarge }: Member): 'jobs' | 'age' | 'memory' | undefined {
    const { jobs, ageMs } = this.#options.recycle;
    if (served >= jobs) return 'jobs';
    if (Date.now() - bornAt >= ageMs) return 'age';
    if (tooLarge && served > 0) return 'memory'; // what is too large before its first page would be so again
    return undefined;
  }
}

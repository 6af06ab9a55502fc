import { setTimeout as pause } from 'node:timers/promises';
import type { Bounds } from './bounds.ts';
import { isBeingRead, look, type Look, type Outline } from './in-page/rest.ts';
import type { NetworkLog } from './network.ts';
import type { World } from './world.ts';

const LOOK_EVERY_MS = 80;
/** Nothing came or went, on the page or on the network, for this long. */
const STILL_MS = 250;
/** Since load, where scripts run: what they show, or where they send the visitor, a moment later is the page that counts. */
const DWELL_MS = 1_500;
/** A page with less visible text than this, and nothing to press, is likely a splash. */
const LITTLE_TEXT = 200;
/** A page that sends the visitor elsewhere within this time is not what the visitor came for. */
const LEAVES_MAX_MS = 5_000;

export interface WatchOptions {
  world: World;
  network: NetworkLog;
  bounds: Bounds;
  signal: AbortSignal;
  /** Throws when what the page shows is no page to analyse. */
  check(): void;
}

/** Looks at a page again and again, from outside: where scripts are forbidden, timers in the page never fire. */
export class Watch {
  /** What was seen last; set by `rest`. */
  last: Look | null = null;
  readonly #options: WatchOptions;
  readonly #started = performance.now();
  #loadedAt: number | null = null;
  #stillSince = this.#started;

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  /** The share of `bounds.settle` that has passed. */
  get passed(): number {
    return (performance.now() - this.#started) / this.#options.bounds.settle;
  }

  /**
   * Waits until the page has been still for a while, and long enough since load for what scripts bring a moment later.
   * `dwell` is the share of that time to wait for, `until` the share of `bounds.settle` after which it is given up.
   * @returns whether it came to rest
   * @throws what `check` throws; RenderError page_stuck, page_error; PageChanged
   */
  async rest(dwell: number, until: number): Promise<boolean> {
    const { world, network, check } = this.#options;
    while (this.passed < until && await world.run(isBeingRead, null)) {
      check();
      await this.#pause();
    }
    for (;;) {
      const seen = await this.#look();
      const now = performance.now();
      if (seen.loaded) this.#loadedAt ??= now;
      const isStill = now - this.#stillSince >= STILL_MS && network.idleMs >= STILL_MS;
      if (isStill && this.#loadedAt !== null && now - this.#loadedAt >= this.#patience(seen, dwell)) return true;
      if (this.passed >= until) return false;
      await this.#pause();
    }
  }

  /** Whether something is drawn within a second. */
  async isDrawn(): Promise<boolean> {
    for (const end = performance.now() + 1_000; performance.now() < end; await this.#pause()) {
      if ((await this.#look()).painted) return true;
    }
    return false;
  }

  async #look(): Promise<Look> {
    const seen = await this.#options.world.run(look, null);
    this.#options.check();
    if (this.last === null || seen.fetching || hasChanged(this.last, seen)) this.#stillSince = performance.now();
    return this.last = seen;
  }

  async #pause(): Promise<void> {
    await pause(LOOK_EVERY_MS, undefined, { signal: this.#options.signal });
  }

  /** How long after load the page may still turn into another, in milliseconds. */
  #patience({ loading, leavesAfter, scripted, visible, usable }: Look, dwell: number): number {
    if (leavesAfter !== null && leavesAfter * 1000 <= LEAVES_MAX_MS) return leavesAfter * 1000 + DWELL_MS;
    if (!scripted) return 0;
    if (loading) return Infinity;
    return visible < LITTLE_TEXT && !usable ? this.#options.bounds.settle / 2 : DWELL_MS * dwell;
  }
}

/** Whether content came or went between two looks. A clock that ticks changes a few letters only. */
export function hasChanged(before: Outline, after: Outline): boolean {
  return before.height !== after.height || before.elements !== after.elements || Math.abs(before.characters - after.characters) > 40;
}

/** Share of the memory in use above which clients are told to send less. */
const TIGHT = 0.75;
/** Share above which nothing more is taken in or leased, until it is half-way back to `TIGHT`. */
const FULL = 0.9;

/** How often memory is measured, in ms. */
const SAMPLE_MS = 2_000;

export type MemoryLevel = 'ok' | 'tight' | 'full';

/** Memory that is used of what may be used, in bytes. */
export interface MemoryUse { usedBytes: number; limitBytes: number }

/** Watches memory: first it lowers credit, then it stops new work, long before the kernel would end the process. */
export class MemoryGate {
  readonly #read: () => MemoryUse;
  readonly #listeners = new Set<() => void>();
  readonly #timer: NodeJS.Timeout;
  #use: MemoryUse;
  #level: MemoryLevel = 'ok';

  constructor(read: () => MemoryUse) {
    this.#read = read;
    this.#use = read();
    this.#timer = setInterval(() => this.sample(), SAMPLE_MS).unref();
    this.sample();
  }

  get use(): MemoryUse & { level: MemoryLevel } {
    return { ...this.#use, level: this.#level };
  }

  /** The part of their credit that sessions have now, from 0 to 1. */
  get share(): number {
    if (this.#level === 'full') return 0;
    return Math.min(1, Math.max(0, (FULL - this.#used) / (FULL - TIGHT)));
  }

  /** Measures now, and tells the listeners when something changed. */
  sample(): void {
    const before = this.share;
    this.#use = this.#read();
    const used = this.#used;
    // What was full is full until there is real room again: a gate that flaps helps nobody.
    const full = this.#level === 'full' ? used > (TIGHT + FULL) / 2 : used > FULL;
    this.#level = full ? 'full' : used > TIGHT ? 'tight' : 'ok';
    if (this.share !== before) for (const listener of this.#listeners) listener();
  }

  /** Calls the listener whenever the share has changed. Returns the call that stops it. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  get #used(): number {
    return this.#use.usedBytes / this.#use.limitBytes;
  }
}

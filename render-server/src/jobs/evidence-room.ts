import { orAbort } from '../bounded.ts';

/** Assumed of a page before any was seen, in bytes. */
const FIRST_GUESS_BYTES = 8 * 2 ** 20;

/** Weight of the newest page in the moving average of evidence sizes. */
const SMOOTHING = 0.2;

/** Room for the evidence of one page, from before it is opened until its job ends. */
export interface Room {
  /** Tells how large the evidence really is, in bytes. */
  fill(bytes: number): void;
  /** Gives the room back. Only the first call counts. */
  release(): void;
}

/**
 * Bounds the evidence that is captured or waits for its analyst, in pages and in bytes: rendering waits when Claude
 * falls behind. A page whose size is not known yet counts as twice the usual one.
 */
export class EvidenceRoom {
  readonly #maxBytes: number;
  readonly #maxPages: () => number;
  #usual = FIRST_GUESS_BYTES / 2;
  #bytes = 0;
  #pages = 0;
  #changed: PromiseWithResolvers<void> = Promise.withResolvers();

  /** @param maxPages asked anew each time, since the number of calls that Claude bears changes */
  constructor(maxBytes: number, maxPages: () => number) {
    this.#maxBytes = maxBytes;
    this.#maxPages = maxPages;
  }

  /** Bytes of the pages that are held now, those not yet seen by their estimate. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Waits until there is room for one more page; ends with the signal's reason. One caller at a time. */
  async acquire(signal: AbortSignal): Promise<Room> {
    let held = 2 * this.#usual;
    while (this.#pages > 0 && (this.#pages >= this.#maxPages() || this.#bytes + held > this.#maxBytes)) {
      await orAbort(this.#changed.promise, signal);
      held = 2 * this.#usual;
    }
    this.#pages += 1;
    this.#bytes += held;
    let released = false;
    return {
      fill: (bytes) => {
        if (released) return;
        this.#usual += SMOOTHING * (bytes - this.#usual);
        this.#bytes += bytes - held;
        held = bytes;
        this.#wake();
      },
      release: () => {
        if (released) return;
        released = true;
        this.#pages -= 1;
        this.#bytes -= held;
        this.#wake();
      },
    };
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

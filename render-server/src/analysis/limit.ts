/** How a call ended, as far as it tells how much the service bears. */
export type Outcome = 'answered' | 'overloaded' | 'other';

/** Ends a call, once. */
export type Release = (outcome: Outcome) => void;

/** The longest that new calls are held back at a time, whatever the service asks for. */
const MAX_HOLD_MS = 60_000;

/**
 * How many calls may be open at once: additive increase, multiplicative decrease, as TCP does it (RFC 5681). It is
 * halved when the service says that it has too much, once for all calls that began before that; it grows by one when
 * as many calls as it allows were answered while all of it was in use. Calls begin in the order of asking.
 */
export class AdaptiveLimit {
  readonly #max: number;
  #limit: number;
  #active = 0;
  #answered = 0;
  #halvings = 0;
  #heldUntil = 0;
  /** From `pause` to `resume`. */
  #pausedUntil: number | undefined;
  /** The call that goes first after a pause, while it is open. */
  #first: Release | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** In the order of asking. */
  readonly #waiting = new Set<PromiseWithResolvers<Release>>();

  /** @param max where it starts, and what it never exceeds */
  constructor(max: number) {
    this.#max = max;
    this.#limit = max;
  }

  get limit(): number {
    return this.#pausedUntil === undefined ? this.#limit : 1;
  }

  get active(): number {
    return this.#active;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Waits for its turn. @throws `signal.reason` when aborted before that */
  async acquire(signal: AbortSignal): Promise<Release> {
    signal.throwIfAborted();
    const turn = Promise.withResolvers<Release>();
    const leave = (): void => {
      if (this.#waiting.delete(turn)) turn.reject(signal.reason);
    };
    signal.addEventListener('abort', leave, { once: true });
    this.#waiting.add(turn);
    this.#admit();
    try {
      return await turn.promise;
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }

  /** Begins no call for so long; a longer hold that is on already stays. */
  hold(ms: number): void {
    this.#heldUntil = Math.max(this.#heldUntil, performance.now() + Math.min(ms, MAX_HOLD_MS));
  }

  /** Begins no call for so long, and then one at a time until `resume`, however many are open from before. */
  pause(ms: number): void {
    this.#pausedUntil = performance.now() + ms;
    this.#first = undefined;
  }

  /** Ends a pause; a hold that is on stays. */
  resume(): void {
    this.#pausedUntil = undefined;
    this.#admit();
  }

  #admit(): void {
    for (const turn of this.#waiting) {
      const full = this.#pausedUntil === undefined ? this.#active >= this.#limit : this.#first !== undefined;
      if (full) return;
      const held = Math.max(this.#heldUntil, this.#pausedUntil ?? 0) - performance.now();
      if (held > 0) {
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => this.#admit(), Math.ceil(held)).unref();
        return;
      }
      this.#waiting.delete(turn);
      turn.resolve(this.#begin());
    }
  }

  #begin(): Release {
    this.#active += 1;
    const halvings = this.#halvings;
    let open = true;
    const release: Release = (outcome) => {
      if (!open) return;
      open = false;
      if (this.#first === release) this.#first = undefined;
      if (outcome === 'answered') this.#grow();
      if (outcome === 'overloaded' && halvings === this.#halvings) this.#halve();
      this.#active -= 1;
      this.#admit();
    };
    if (this.#pausedUntil !== undefined) this.#first = release;
    return release;
  }

  #grow(): void {
    if (this.#active < this.#limit || this.#limit === this.#max) return;
    this.#answered += 1;
    if (this.#answered < this.#limit) return;
    this.#limit += 1;
    this.#answered = 0;
  }

  #halve(): void {
    this.#limit = Math.max(1, Math.floor(this.#limit / 2));
    this.#answered = 0;
    this.#halvings += 1;
  }
}

import { RenderError } from '../errors.ts';

/** Sessions at the same time; what is not given has no limit. */
export interface SessionMaxima {
  total?: number | undefined;
  perAddress?: number | undefined;
  perKey?: number | undefined;
}

/** When a client that found no place should come back, in ms. */
const RETRY_MS = 5_000;

/** Counts open sessions, and requests that are held open like one: all of them, those of an address, and those of a key. */
export class SessionLimits {
  readonly #max: SessionMaxima;
  readonly #byAddress = new Map<string, number>();
  readonly #byKey = new Map<string, number>();
  #open = 0;

  constructor(max: SessionMaxima) {
    this.#max = max;
  }

  /** Why an address may not open another session, if so: `overloaded` or `rate_limited`. */
  refusal(address: string): RenderError | undefined {
    const { total, perAddress } = this.#max;
    if (total !== undefined && this.#open >= total) return new RenderError('overloaded', `${total} sessions are open, and no more are taken.`, { reason: 'sessions', retryAfterMs: RETRY_MS });
    return tooMany(this.#byAddress.get(address), perAddress, 'address');
  }

  /** Counts a session of an address, until the returned call. */
  open(address: string): () => void {
    this.#open += 1;
    const leave = count(this.#byAddress, address);
    return () => {
      this.#open -= 1;
      leave();
    };
  }

  /**
   * Counts an open session for its key too, until the returned call.
   * @throws RenderError rate_limited
   */
  welcome(owner: string): () => void {
    const refused = tooMany(this.#byKey.get(owner), this.#max.perKey, 'API key');
    if (refused) throw refused;
    return count(this.#byKey, owner);
  }

  /**
   * Counts a request that is held open, for its address and its key, until the returned call.
   * @throws RenderError overloaded, rate_limited
   */
  hold(address: string, owner: string): () => void {
    const refused = this.refusal(address);
    if (refused) throw refused;
    const part = this.welcome(owner);
    const leave = this.open(address);
    return () => {
      part();
      leave();
    };
  }
}

function tooMany(open: number | undefined, max: number | undefined, whose: string): RenderError | undefined {
  if (max === undefined || (open ?? 0) < max) return undefined;
  return new RenderError('rate_limited', `This ${whose} has ${max} sessions open, which is its limit.`, { reason: 'sessions', retryAfterMs: RETRY_MS });
}

function count(counts: Map<string, number>, name: string): () => void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
  return () => {
    const left = (counts.get(name) ?? 1) - 1;
    if (left > 0) counts.set(name, left);
    else counts.delete(name);
  };
}

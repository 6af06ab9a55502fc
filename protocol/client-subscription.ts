/** A subscription to the ends of all jobs and batches of a key, as a caller of the client sees it. */
import type { RenderClientError } from './client-job.ts';
import type { ClientFrameInput, EndedEvent } from './messages.ts';

export interface SubscriptionOptions {
  /** The last event that the caller has seen, perhaps in an earlier run: those after it come first. None means from now on. */
  afterEvent?: number;
  /** Called once for each end, in the order of their numbers. */
  onEnded(event: EndedEvent): void;
  signal?: AbortSignal;
}

/** Goes on after the last event that was seen, over lost connections; nothing is missed, nothing comes twice. */
export class Subscription {
  /** Number of the last event seen; unknown until the server has answered a subscription without `afterEvent`. */
  event: number | undefined;
  /** Resolves when its signal fires or the client is closed; rejects with RenderClientError when the server cannot be had. */
  readonly over: Promise<void>;
  readonly #options: SubscriptionOptions;
  readonly #stop: () => void;
  readonly #settle: PromiseWithResolvers<void> = Promise.withResolvers();

  /** @param stop called when the caller's signal fires */
  constructor(options: SubscriptionOptions, stop: () => void) {
    this.#options = options;
    this.#stop = stop;
    options.signal?.addEventListener('abort', stop);
    this.event = options.afterEvent;
    this.over = this.#settle.promise;
    this.over.catch(() => {}); // a caller may only listen
  }

  /** @internal */
  get frame(): ClientFrameInput {
    return { type: 'subscribe', ...(this.event === undefined ? {} : { afterEvent: this.event }) };
  }

  /** @internal A server that counts less than was seen has lost its store: what it counts is new. */
  subscribed(last: number): void {
    this.event = Math.min(this.event ?? last, last);
  }

  /** @internal */
  ended(event: EndedEvent): void {
    if (this.event !== undefined && event.event <= this.event) return;
    this.event = event.event;
    this.#options.onEnded(event);
  }

  /** @internal */
  end(error?: RenderClientError): void {
    this.#options.signal?.removeEventListener('abort', this.#stop);
    if (error) this.#settle.reject(error);
    else this.#settle.resolve();
  }
}

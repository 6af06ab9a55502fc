import type { EndedEvent } from '@cro-analyzer/protocol/messages';
import type { Outbox } from './outbox.ts';

/** Events of one owner, as the store keeps them. */
export interface EventSource {
  /** Number of the last event; 0 when there was none. */
  last(): Promise<number>;
  /** Events after a number, oldest first. */
  after(event: number, limit: number): Promise<EndedEvent[]>;
  /** Calls `wake` whenever there may be a new event. Returns the call that stops it. */
  onEvent(wake: () => void): () => void;
}

/** Events that are read from the store at a time. */
const PAGE = 100;

/**
 * Sends every event after a number, each once and in order. They are read from the store only while the reader takes
 * them, so a slow one costs a page of events and misses none.
 */
export class Subscription {
  readonly #source: EventSource;
  readonly #outbox: Outbox;
  readonly #stopListening: () => void;
  readonly #over = Promise.withResolvers<void>();
  #news: PromiseWithResolvers<void> = Promise.withResolvers();
  #stopped = false;

  constructor(source: EventSource, outbox: Outbox) {
    this.#source = source;
    this.#outbox = outbox;
    this.#stopListening = source.onEvent(() => this.#wake());
  }

  /**
   * Answers with the number of the last event so far.
   * @param afterEvent the last event that the reader has; none means that it wants only what is new
   * @returns the event to follow from
   * @throws what reading the store threw
   */
  async begin(afterEvent: number | undefined): Promise<number> {
    const last = await this.#source.last();
    this.#outbox.send({ type: 'subscribed', event: last });
    // A number that was never given comes from another store: what is counted here begins anew.
    return Math.min(afterEvent ?? last, last);
  }

  /**
   * Sends what comes after an event until it is stopped.
   * @throws what reading the store threw
   */
  async follow(event: number): Promise<void> {
    let cursor = event;
    while (!this.#stopped) {
      const { promise: news } = this.#news;
      const page = await this.#source.after(cursor, PAGE);
      for (const event of page) {
        await Promise.race([this.#outbox.room(), this.#over.promise]); // one that was replaced must not keep its page
        if (this.#stopped) return;
        this.#outbox.send(event);
        cursor = event.event;
      }
      if (page.length < PAGE) await news;
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#stopListening();
    this.#over.resolve();
    this.#wake();
  }

  #wake(): void {
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }
}

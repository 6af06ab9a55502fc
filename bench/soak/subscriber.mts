/** Listens to all ends of one key over the whole run, whatever happens to its connection. */
import { setTimeout as delay } from 'node:timers/promises';
import type { EndedEvent } from '@cro-analyzer/protocol/messages';
import { RawSocket } from '../../test/support/raw-socket.ts';

export class Subscriber {
  /** Ends in the order in which they came. */
  readonly events: EndedEvent[] = [];
  /** What must never happen, in words. */
  readonly contradictions: string[] = [];
  /** The last number that the server has told of. */
  #last = 0;
  readonly #url: string;
  readonly #token: string;

  constructor(url: string, token: string) {
    this.#url = url;
    this.#token = token;
  }

  /** Follows until the signal fires, from the first end on; each connection goes on where the last one broke off. */
  async follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#connection(signal).catch(() => {}); // the server was killed, or is not up again yet
      await delay(500, undefined, { signal }).catch(() => {});
    }
  }

  async #connection(signal: AbortSignal): Promise<void> {
    const socket = await RawSocket.open(this.#url, 'cro.v1.json', { handshakeTimeout: 5_000 });
    const close = (): void => socket.close();
    signal.addEventListener('abort', close, { once: true });
    try {
      socket.send({ type: 'hello', client: 'soak subscriber', token: this.#token });
      await socket.next('welcome');
      socket.send({ type: 'subscribe', afterEvent: this.#last });
      let read = 0;
      await socket.until(() => {
        for (const frame of socket.frames.slice(read)) {
          if (frame.type === 'ended' || frame.type === 'batch_ended') this.#take(frame);
          if (frame.type === 'rejected') this.contradictions.push(`a subscriber was refused: ${frame.error.code} ${frame.error.message}`);
        }
        read = socket.frames.length;
        return false;
      });
    } finally {
      signal.removeEventListener('abort', close);
      socket.close();
    }
  }

  #take(event: EndedEvent): void {
    if (event.event <= this.#last) this.contradictions.push(`event ${event.event} came after event ${this.#last}`);
    this.#last = Math.max(this.#last, event.event);
    this.events.push(event);
  }
}

/** Keeps the client connected while it has work: one connection after another, with growing pauses between failures. */
import { Connection, type ConnectionEnd, type ConnectionOptions } from './connection.ts';
import type { ClientFrameInput, ServerFrame, WireError } from './messages.ts';

export interface LinkOptions extends ConnectionOptions {
  /** How long a server that does not answer is tried again, in ms. */
  patienceMs: number;
  /** Whether another connection is worth while. */
  busy(): boolean;
  /** A connection is over. */
  onDown(): void;
}

const MAX_BACKOFF_MS = 10_000;

export class Link {
  readonly #options: LinkOptions;
  #connection: Connection | undefined;
  #reconnectAfterMs: number | undefined;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  /** Sends a frame if there is a connection; what is lost otherwise is sent again after the next welcome. */
  send(frame: ClientFrameInput): void {
    this.#connection?.send(frame);
  }

  /** Runs until the signal fires or the work is done; else resolves with why there is no use in another connection. */
  async run(signal: AbortSignal): Promise<WireError | undefined> {
    const { busy, patienceMs, sleep, url } = this.#options;
    let lastSeen = Date.now();
    let failures = 0;
    while (!signal.aborted) {
      const end = await this.#connect(signal);
      if (end.fatal) return end.fatal;
      if (end.welcomed) {
        lastSeen = Date.now();
        failures = 0;
      }
      if (!busy() || signal.aborted) return undefined;
      if (Date.now() + (end.refused?.retryAfterMs ?? 0) - lastSeen > patienceMs) {
        return end.refused ?? { code: 'server_unreachable', retryable: true, message: `The render server at ${url} cannot be reached.` };
      }
      const backoff = Math.min(MAX_BACKOFF_MS, 250 * 2 ** failures++);
      const delay = this.#reconnectAfterMs ?? end.refused?.retryAfterMs ?? backoff * (0.5 + Math.random() / 2);
      this.#reconnectAfterMs = undefined;
      await sleep(delay, signal).catch(() => {});
    }
    return undefined;
  }

  async #connect(signal: AbortSignal): Promise<ConnectionEnd> {
    const { onDown, onFrame } = this.#options;
    this.#connection = new Connection({
      ...this.#options,
      onFrame: (frame: ServerFrame) => {
        if (frame.type === 'draining') this.#reconnectAfterMs = frame.reconnectAfterMs;
        onFrame(frame);
      },
    });
    const end = await this.#connection.run(signal);
    this.#connection = undefined;
    onDown();
    return end;
  }
}

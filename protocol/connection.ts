/** One WebSocket connection of the client, from its handshake to its end. */
import { MAX_SERVER_FRAME_BYTES, SOCKET_PATH, codecFor, type Codec } from './codec.ts';
import type { ClientFrameInput, ServerFrame, Subprotocol, WireError } from './messages.ts';

/** Resolves after `ms`; rejects when the signal fires. */
export type Sleep = (ms: number, signal: AbortSignal) => Promise<void>;

export interface ConnectionOptions {
  /** Address of the server: http(s) or ws(s). */
  url: string;
  subprotocol: Subprotocol;
  hello: Extract<ClientFrameInput, { type: 'hello' }>;
  sleep: Sleep;
  onFrame(frame: ServerFrame): void;
}

/** How a connection ended: whether it was ever welcomed, why not for now, and why there is no use in another one. */
export interface ConnectionEnd {
  welcomed: boolean;
  refused?: WireError;
  fatal?: WireError;
}

/** Time for the whole handshake, in ms. */
const HANDSHAKE_MS = 10_000;

/** A server that says nothing for so long after a ping is gone, in ms. The global WebSocket has no ping of its own. */
const HEARTBEAT_MS = 15_000;

const OPEN = 1;

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #codec: Codec;
  #socket: WebSocket | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#codec = codecFor(options.subprotocol);
  }

  /** Sends a frame if the connection is open; what is lost otherwise is sent again after the next welcome. */
  send(frame: ClientFrameInput): void {
    if (this.#socket?.readyState === OPEN) this.#socket.send(this.#codec.encode(frame));
  }

  /** Connects, says hello and hands every frame on, until either side closes, the line dies, or the signal fires. */
  async run(signal: AbortSignal): Promise<ConnectionEnd> {
    const { url, subprotocol, hello, onFrame } = this.#options;
    const end: ConnectionEnd = { welcomed: false };
    let socket: WebSocket;
    try {
      socket = new WebSocket(socketUrl(url), [subprotocol]);
    } catch (error) {
      return { welcomed: false, fatal: { code: 'bad_request', retryable: false, message: `The server address cannot be used: ${String(error)}` } };
    }
    this.#socket = socket;
    const closed = Promise.withResolvers<void>();
    const over = new AbortController();
    let heard = true;
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => this.send(hello);
    socket.onclose = () => closed.resolve();
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      heard = true;
      const frame = this.#decode(data);
      if (!frame) {
        end.fatal = { code: 'internal', retryable: false, message: 'The server sent a frame that this client cannot read. Are both of the same version?' };
        return closed.resolve();
      }
      if (frame.type === 'welcome') end.welcomed = true;
      if (frame.type === 'rejected' && !end.welcomed) end[frame.error.retryable ? 'refused' : 'fatal'] = frame.error;
      onFrame(frame);
    };
    const watchLine = async (): Promise<void> => {
      await this.#options.sleep(HANDSHAKE_MS, over.signal);
      for (let id = 1; end.welcomed && heard; id += 1) {
        heard = false;
        this.send({ type: 'ping', id });
        await this.#options.sleep(HEARTBEAT_MS, over.signal);
      }
      closed.resolve(); // a dead line would never answer a close
    };
    watchLine().catch(() => {});
    signal.addEventListener('abort', () => closed.resolve(), { signal: over.signal });
    if (!signal.aborted) await closed.promise;
    over.abort();
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close(1000);
    this.#socket = undefined;
    return end;
  }

  #decode(data: string | ArrayBuffer): ServerFrame | undefined {
    try {
      return this.#codec.decode(typeof data === 'string' ? data : new Uint8Array(data), MAX_SERVER_FRAME_BYTES) as ServerFrame;
    } catch {
      return undefined;
    }
  }
}

function socketUrl(address: string): string {
  const url = new URL(address);
  url.protocol = url.protocol.replace(/^http/, 'ws');
  url.pathname = `${url.pathname.replace(/\/+$/, '')}${SOCKET_PATH}`;
  url.hash = '';
  return url.href;
}

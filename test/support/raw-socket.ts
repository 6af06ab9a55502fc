import { once } from 'node:events';
import { codecFor, MAX_SERVER_FRAME_BYTES, SOCKET_PATH } from '@cro-analyzer/protocol/codec';
import { ServerFrame, type Subprotocol } from '@cro-analyzer/protocol/messages';
import { WebSocket, type ClientOptions } from 'ws';

/** A client without any cleverness: sends what it is told and keeps every frame that comes. */
export class RawSocket {
  readonly socket: WebSocket;
  readonly frames: ServerFrame[] = [];
  readonly #codec;
  #arrived: PromiseWithResolvers<void> = Promise.withResolvers();

  private constructor(socket: WebSocket, subprotocol: Subprotocol) {
    this.socket = socket;
    this.#codec = codecFor(subprotocol);
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      const decoded = this.#codec.decode(isBinary ? new Uint8Array(data) : data.toString('utf8'), MAX_SERVER_FRAME_BYTES);
      this.frames.push(ServerFrame.parse(decoded)); // every frame the server sends keeps to the contract
      this.#wake();
    });
    socket.on('close', () => this.#wake());
    socket.on('error', () => {});
  }

  /** Connects; rejects when the server refuses the upgrade. */
  static async open(url: string, subprotocol: Subprotocol = 'cro.v1.json', options: ClientOptions = {}): Promise<RawSocket> {
    const socket = new WebSocket(url.replace(/^http/, 'ws') + SOCKET_PATH, [subprotocol], options);
    const raw = new RawSocket(socket, subprotocol);
    await once(socket, 'open');
    return raw;
  }

  /** Connects and says hello. */
  static async hello(url: string, subprotocol: Subprotocol = 'cro.v1.json', token?: string): Promise<RawSocket> {
    const raw = await RawSocket.open(url, subprotocol);
    raw.send({ type: 'hello', client: 'raw', ...(token ? { token } : {}) });
    await raw.next('welcome');
    return raw;
  }

  send(frame: object): void {
    this.socket.send(this.#codec.encode(frame));
  }

  /** The first frame, from those that came and those to come, that is of this type and fits. */
  async next<T extends ServerFrame['type']>(type: T, fits: (frame: Extract<ServerFrame, { type: T }>) => boolean = () => true): Promise<Extract<ServerFrame, { type: T }>> {
    const find = (): Extract<ServerFrame, { type: T }> | undefined => this.of(type).find(fits);
    await this.until(() => find() !== undefined);
    return find()!;
  }

  /** Waits for frames until this holds. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      if (this.socket.readyState >= WebSocket.CLOSING) throw new Error('the socket closed first');
      await this.#arrived.promise;
    }
  }

  /** All frames of a type so far. */
  of<T extends ServerFrame['type']>(type: T): Extract<ServerFrame, { type: T }>[] {
    return this.frames.filter((frame) => isOf(frame, type));
  }

  close(): void {
    this.socket.terminate();
  }

  #wake(): void {
    this.#arrived.resolve();
    this.#arrived = Promise.withResolvers();
  }
}

function isOf<T extends ServerFrame['type']>(frame: ServerFrame, type: T): frame is Extract<ServerFrame, { type: T }> {
  return frame.type === type;
}

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Plain connections of one peer, and of all; the last ones of all are for probes. Those of sessions have limits of their own. */
const MAX_PER_PEER = 256;
const MAX_TOTAL = 512;
const RESERVE = 32;

interface Plain {
  readonly peer: string | undefined;
  /** Requests without an answer so far. */
  readonly open: Set<IncomingMessage>;
  /** Sessions that it carries. */
  sessions: number;
}

/**
 * Connections that carry no session: HTTP, and clients that have not asked for anything yet. They cost a client nothing,
 * so there is always room for a newer one: at a limit the oldest goes that waits for no answer.
 */
export class PlainConnections {
  readonly #peerOf: (address: string) => string | undefined;
  readonly #connections = new Map<Socket, Plain>();

  /** @param peerOf whom an address counts for; undefined for one that has no limit */
  constructor(peerOf: (address: string) => string | undefined) {
    this.#peerOf = peerOf;
  }

  /** Whether only probes should be answered. */
  get crowded(): boolean {
    return this.#count() > MAX_TOTAL;
  }

  /** Takes in a new connection, or cuts it when there is no room. */
  add(socket: Socket): void {
    const peer = this.#peerOf(socket.remoteAddress ?? '');
    const room = (peer === undefined || this.#count(peer) < MAX_PER_PEER || this.#cutIdle(peer))
      && (this.#count() < MAX_TOTAL || this.#cutIdle() || this.#count() < MAX_TOTAL + RESERVE);
    if (!room) return void socket.destroy();
    this.#connections.set(socket, { peer, open: new Set(), sessions: 0 });
    socket.once('close', () => this.leave(socket));
  }

  /** A request came on a connection. */
  asked(request: IncomingMessage, response: ServerResponse): void {
    const open = this.#connections.get(request.socket)?.open.add(request);
    response.once('close', () => open?.delete(request));
  }

  /** The connection carries a session, until the returned call. */
  holdSession(socket: Socket): () => void {
    const plain = this.#connections.get(socket);
    if (!plain) return () => {};
    plain.sessions += 1;
    return () => { plain.sessions -= 1; };
  }

  /** The connection has become a session for good, or has closed. */
  leave(socket: Socket): void {
    this.#connections.delete(socket);
  }

  #count(peer?: string): number {
    let count = 0;
    for (const plain of this.#connections.values()) if (plain.sessions === 0 && (peer === undefined || plain.peer === peer)) count += 1;
    return count;
  }

  /** Cuts the oldest connection, of this peer if one is given, that waits for no answer: whether there was one. */
  #cutIdle(peer?: string): boolean {
    for (const [socket, plain] of this.#connections) {
      if (plain.sessions > 0 || (peer !== undefined && plain.peer !== peer)) continue;
      if ([...plain.open].some(({ complete }) => complete)) continue; // one that is still sent waits for itself
      this.leave(socket);
      socket.destroy();
      return true;
    }
    return false;
  }
}

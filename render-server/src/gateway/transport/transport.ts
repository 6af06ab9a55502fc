import type { Subprotocol } from '@cro-analyzer/protocol/messages';

/** What is known of a request before anything is done with it. */
export interface RequestHead {
  /** Address at the other end of the connection. */
  readonly peer: string;
  readonly forwardedFor: string | undefined;
  readonly host: string | undefined;
  readonly origin: string | undefined;
  readonly authorization: string | undefined;
}

/** The connection that a request came on. */
export interface RequestLine {
  /** Whether so many are open that only probes should be answered. */
  readonly crowded: boolean;
  /** It counts as a session instead of as a connection, until the returned call. */
  holdSession(): () => void;
}

/** One open WebSocket, whatever library carries it. */
export interface Connection {
  readonly subprotocol: Subprotocol;
  /** The upgrade request. */
  readonly head: RequestHead;
  /** Bytes given to `send` that the network has not taken yet. */
  readonly bufferedBytes: number;
  send(data: string | Uint8Array): void;
  /** Stops reading, so that the client has to wait; what was read already may still come. */
  pause(): void;
  resume(): void;
  /** The client is known: it may send as much as it likes. A stranger is cut off after some bytes. */
  admit(): void;
  /** Says goodbye with a close code, and cuts the connection when no goodbye comes back. */
  close(code: number, reason: string): void;
}

/** What is told about a connection. None of these may throw. */
export interface ConnectionHandler {
  message(data: string | Uint8Array): void;
  /** What was buffered has gone out. */
  drained(): void;
  closed(): void;
}

/** Why a request is turned away. */
export interface Refusal {
  status: number;
  why: string;
  retryAfterS?: number;
}

export interface TransportOptions {
  host: string;
  port: number;
  /** Path of the socket. */
  path: string;
  /** A larger frame ends its connection, in bytes. */
  maxFrameBytes: number;
  /** Whom the address of a peer counts for when it opens many connections; undefined for one that may. */
  peerOf(address: string): string | undefined;
  /** Answers everything that is not the socket. */
  fetch(request: Request, head: RequestHead, line: RequestLine): Response | Promise<Response>;
  /** Looks at every request first. */
  refuse(head: RequestHead): Refusal | undefined;
  /** Looks at a request for a socket before it is opened. */
  refuseSocket(head: RequestHead): Refusal | undefined;
  connect(connection: Connection): ConnectionHandler;
}

export interface Transport {
  readonly port: number;
  /** Stops listening, lets answers and goodbyes out for a second, then cuts what is still connected. */
  close(): Promise<void>;
}

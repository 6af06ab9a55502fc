import type { Subprotocol } from '@cro-analyzer/protocol/messages';

/** One open WebSocket, whatever library carries it. */
export interface Connection {
  readonly subprotocol: Subprotocol;
  /** The upgrade request's `Authorization` header. */
  readonly authorization: string | undefined;
  readonly remoteAddress: string;
  /** Bytes given to `send` that the network has not taken yet. */
  readonly bufferedBytes: number;
  send(data: string | Uint8Array): void;
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

export interface TransportOptions {
  host: string;
  port: number;
  /** Path of the socket. */
  path: string;
  /** A larger frame ends its connection, in bytes. */
  maxFrameBytes: number;
  /** Answers everything that is not the socket. */
  fetch(request: Request): Response | Promise<Response>;
  /** Looks at a request's headers before anything else is done with it: why it is refused, if it is. */
  refuse(headers: { host: string | undefined; origin: string | undefined }): string | undefined;
  connect(connection: Connection): ConnectionHandler;
}

export interface Transport {
  readonly port: number;
  /** Stops listening, lets answers and goodbyes out for a second, then cuts what is still connected. */
  close(): Promise<void>;
}

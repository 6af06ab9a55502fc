import { SOCKET_PATH } from '@cro-analyzer/protocol/codec';
import { createRoutes, type RouteOptions } from './routes.ts';
import { Session, type SessionOptions } from './session.ts';
import { listenNode } from './transport/node.ts';
import type { Transport } from './transport/transport.ts';

export interface GatewayOptions extends RouteOptions, SessionOptions {
  host: string;
  port: number;
}

/** Far above the cap of a frame, so that a frame a little too large is refused by name and the session lives on, in bytes. */
const MAX_SOCKET_FRAME_BYTES = 1024 * 1024;

/** When clients of a stopping server shall come back, in ms. */
const RECONNECT_MS = 2_000;

/** The server's doors: the socket and HTTP on one port. */
export class Gateway {
  readonly #transport: Transport;
  readonly #sessions: ReadonlySet<Session>;

  private constructor(transport: Transport, sessions: ReadonlySet<Session>) {
    this.#transport = transport;
    this.#sessions = sessions;
  }

  static async listen(options: GatewayOptions): Promise<Gateway> {
    const routes = createRoutes(options);
    const sessions = new Set<Session>();
    const transport = await listenNode({
      host: options.host,
      port: options.port,
      path: SOCKET_PATH,
      maxFrameBytes: MAX_SOCKET_FRAME_BYTES,
      fetch: (request) => routes.fetch(request),
      refuse: (headers) => options.auth.refuse(headers),
      connect: (connection) => {
        const session = new Session(connection, options);
        sessions.add(session);
        return {
          message: (data) => session.message(data),
          drained: () => session.drained(),
          closed: () => {
            sessions.delete(session);
            session.closed();
          },
        };
      },
    });
    return new Gateway(transport, sessions);
  }

  get port(): number {
    return this.#transport.port;
  }

  /** Tells every client that the server is about to stop. */
  drain(): void {
    for (const session of this.#sessions) session.drain(RECONNECT_MS);
  }

  async close(): Promise<void> {
    for (const session of this.#sessions) session.close();
    await this.#transport.close();
  }
}

import { SOCKET_PATH } from '@cro-analyzer/protocol/codec';
import { CODES } from '@cro-analyzer/protocol/codes';
import type { AllowList } from '../addresses.ts';
import { clientAddress, peerAddress } from './client-address.ts';
import { createRoutes, type RouteOptions } from './routes.ts';
import { SessionLimits, type SessionMaxima } from './session-limits.ts';
import { Session, type SessionOptions } from './session.ts';
import { listenNode } from './transport/node.ts';
import type { RequestHead, Transport } from './transport/transport.ts';

export interface GatewayOptions extends RouteOptions, Omit<SessionOptions, 'sessions'> {
  host: string;
  port: number;
  /** Reverse proxies that are believed when they name the client. */
  trustedProxies: AllowList;
  maxSessions: SessionMaxima;
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
    const { auth, maxSessions, trustedProxies } = options;
    const routes = createRoutes(options);
    const sessions = new Set<Session>();
    const limits = new SessionLimits(maxSessions);
    const addressOf = ({ peer, forwardedFor }: RequestHead): string => clientAddress(peer, forwardedFor, trustedProxies);
    const transport = await listenNode({
      host: options.host,
      port: options.port,
      path: SOCKET_PATH,
      maxFrameBytes: MAX_SOCKET_FRAME_BYTES,
      peerOf: (address) => peerAddress(address, trustedProxies),
      fetch(request, head, { crowded, holdSession }) {
        const ip = addressOf(head);
        const asSession = (owner: string): (() => void) => {
          const leave = limits.hold(ip, owner);
          const back = holdSession();
          return () => {
            leave();
            back();
          };
        };
        return routes.fetch(request, { ip, crowded, asSession });
      },
      refuse(head) {
        const why = auth.refuse(head);
        return why === undefined ? undefined : { status: 403, why };
      },
      refuseSocket(head) {
        const error = limits.refusal(addressOf(head));
        return error && { status: CODES[error.code].status, why: error.message, retryAfterS: Math.ceil((error.retryAfterMs ?? 0) / 1000) };
      },
      connect(connection) {
        const ip = addressOf(connection.head);
        const leave = limits.open(ip);
        const session = new Session(connection, ip, { ...options, sessions: limits });
        sessions.add(session);
        return {
          message: (data) => session.message(data),
          drained: () => session.drained(),
          closed() {
            leave();
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

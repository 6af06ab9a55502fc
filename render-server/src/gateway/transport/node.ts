import { createServer, STATUS_CODES, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { SUBPROTOCOLS, type Subprotocol } from '@cro-analyzer/protocol/messages';
import { getRequestListener } from '@hono/node-server';
import { WebSocketServer, type RawData, type WebSocket } from 'ws';
import { endsWithin } from '../../bounded.ts';
import { watchLine } from './line.ts';
import { PlainConnections } from './plain-connections.ts';
import type { Connection, Refusal, RequestHead, Transport, TransportOptions } from './transport.ts';

/** Time for a goodbye to come back before the connection is cut, in ms. */
const CLOSE_MS = 2_000;

/** Time for answers and goodbyes when the server stops, in ms. */
const FLUSH_MS = 1_000;

/** Bounds of HTTP, in ms: for the headers, for the whole request, and for a connection on which nothing moves. */
const HTTP_BOUNDS = { headersTimeout: 10_000, requestTimeout: 30_000, connectionsCheckingInterval: 2_000 };
const IDLE_MS = 150_000;

/** Pieces that one message may come in. */
const MAX_FRAGMENTS = 1_000;

/** What a connection may send before it is admitted, in bytes: many strangers at once must not fill the memory. */
const STRANGER_BYTES = 128 * 1024;

/** Listens with node:http and ws. */
export async function listenNode(options: TransportOptions): Promise<Transport> {
  const connections = new PlainConnections((address) => options.peerOf(address));
  const listener = getRequestListener((request, { incoming }) => options.fetch(request, headOf(incoming as IncomingMessage), {
    crowded: connections.crowded,
    holdSession: () => connections.holdSession((incoming as IncomingMessage).socket),
  }));
  const http = createServer(HTTP_BOUNDS, (request, response) => {
    connections.asked(request, response);
    const refused = options.refuse(headOf(request));
    if (refused === undefined) return void listener(request, response);
    response.writeHead(refused.status, { connection: 'close', 'content-type': 'text/plain' }).end(refused.why);
  });
  http.timeout = IDLE_MS;
  http.on('connection', (socket) => connections.add(socket));
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: options.maxFrameBytes,
    maxFragments: MAX_FRAGMENTS,
    perMessageDeflate: false, // small frames; a compressor for each connection costs more than it saves
    clientTracking: true,
    handleProtocols: (offered) => SUBPROTOCOLS.find((name) => offered.has(name)) ?? false,
  });
  http.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy()); // before the upgrade nobody else listens
    const refused = refusal(options, request);
    if (refused !== undefined) return refuseUpgrade(socket, refused);
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      connections.leave(request.socket);
      serve(options, webSocket, request);
    });
  });
  http.on('clientError', (_error, socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    http.once('error', reject);
    http.listen(options.port, options.host, () => {
      http.off('error', reject);
      resolve();
    });
  });
  return {
    port: (http.address() as AddressInfo).port,
    async close() {
      const closed = new Promise((resolve) => http.close(resolve));
      http.closeIdleConnections();
      const goodbyes = [...sockets.clients].map((socket) => new Promise((resolve) => socket.once('close', resolve)));
      if (!(await endsWithin(Promise.all([closed, ...goodbyes]), FLUSH_MS))) {
        for (const socket of sockets.clients) socket.terminate();
        http.closeAllConnections();
        await closed;
      }
    },
  };
}

function serve(options: TransportOptions, socket: WebSocket, request: IncomingMessage): void {
  const boundStranger = (): void => { if (request.socket.bytesRead > STRANGER_BYTES) socket.terminate(); };
  request.socket.on('data', boundStranger);
  const connection: Connection = {
    subprotocol: socket.protocol as Subprotocol,
    head: headOf(request),
    get bufferedBytes() {
      return socket.bufferedAmount;
    },
    send(data) {
      if (socket.readyState !== socket.OPEN) return;
      socket.send(data, () => {
        line.flushed();
        if (socket.bufferedAmount === 0) handler.drained();
      });
    },
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    admit: () => void request.socket.off('data', boundStranger),
    close(code, reason) {
      socket.resume(); // its goodbye must be read
      socket.close(code, reason);
      setTimeout(() => socket.terminate(), CLOSE_MS).unref();
    },
  };
  const line = watchLine(socket, request.socket);
  const handler = options.connect(connection);
  socket.on('message', (data: RawData, isBinary: boolean) => {
    if (socket.readyState !== socket.OPEN) return; // nothing is heard after the goodbye
    const bytes = Buffer.isBuffer(data) ? data : Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
    handler.message(isBinary ? bytes : bytes.toString('utf8'));
  });
  socket.on('error', () => socket.terminate()); // a frame that breaks the WebSocket protocol or passes the size cap
  socket.on('close', () => handler.closed());
}

function refusal(options: TransportOptions, request: IncomingMessage): Refusal | undefined {
  const path = URL.parse(request.url ?? '', 'http://localhost')?.pathname;
  if (path !== options.path) return { status: 404, why: `The socket is at ${options.path}.` };
  const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
  if (!SUBPROTOCOLS.some((name) => offered.includes(name))) return { status: 400, why: `The subprotocol must be one of ${SUBPROTOCOLS.join(', ')}.` };
  const head = headOf(request);
  return options.refuse(head) ?? options.refuseSocket(head);
}

function headOf({ headers, socket }: IncomingMessage): RequestHead {
  return {
    peer: socket.remoteAddress ?? '',
    forwardedFor: headers['x-forwarded-for']?.toString(),
    host: headers.host,
    origin: headers.origin,
    authorization: headers.authorization,
  };
}

/** Answers, and waits for the client to close its side, but not for ever. */
function refuseUpgrade(socket: Duplex, { status, why, retryAfterS }: Refusal): void {
  const retryAfter = retryAfterS === undefined ? '' : `Retry-After: ${retryAfterS}\r\n`;
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\n${retryAfter}Content-Type: text/plain\r\nContent-Length: ${Buffer.byteLength(why)}\r\n\r\n${why}`);
  socket.resume();
  setTimeout(() => socket.destroy(), CLOSE_MS).unref();
}

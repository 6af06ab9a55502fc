import { createServer, STATUS_CODES, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { SUBPROTOCOLS, type Subprotocol } from '@cro-analyzer/protocol/messages';
import { getRequestListener } from '@hono/node-server';
import { WebSocketServer, type RawData, type WebSocket } from 'ws';
import { endsWithin } from '../../bounded.ts';
import type { Connection, Transport, TransportOptions } from './transport.ts';

/** Time for a goodbye to come back before the connection is cut, in ms. */
const CLOSE_MS = 2_000;

/** Time for answers and goodbyes when the server stops, in ms. */
const FLUSH_MS = 1_000;

/** A connection that neither speaks nor answers our ping for so long is dead, in ms. */
const PING_MS = 30_000;

/** Listens with node:http and ws. */
export async function listenNode(options: TransportOptions): Promise<Transport> {
  const listener = getRequestListener(options.fetch);
  const http = createServer({ headersTimeout: 10_000, requestTimeout: 30_000 }, (request, response) => {
    const why = options.refuse(originOf(request));
    if (why === undefined) return void listener(request, response);
    response.writeHead(403, { connection: 'close', 'content-type': 'text/plain' }).end(why);
  });
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: options.maxFrameBytes,
    perMessageDeflate: false, // small frames; a compressor for each connection costs more than it saves
    clientTracking: true,
    handleProtocols: (offered) => SUBPROTOCOLS.find((name) => offered.has(name)) ?? false,
  });
  http.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy()); // before the upgrade nobody else listens
    const refused = refusal(options, request);
    if (refused !== undefined) return refuseUpgrade(socket, refused);
    sockets.handleUpgrade(request, socket, head, (webSocket) => serve(options, webSocket, request));
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
  const connection: Connection = {
    subprotocol: socket.protocol as Subprotocol,
    authorization: request.headers.authorization,
    remoteAddress: request.socket.remoteAddress ?? '',
    get bufferedBytes() {
      return socket.bufferedAmount;
    },
    send(data) {
      if (socket.readyState === socket.OPEN) socket.send(data, () => { if (socket.bufferedAmount === 0) handler.drained(); });
    },
    close(code, reason) {
      socket.close(code, reason);
      setTimeout(() => socket.terminate(), CLOSE_MS).unref();
    },
  };
  const handler = options.connect(connection);
  let alive = true;
  const ping = setInterval(() => {
    if (!alive) return socket.terminate();
    alive = false;
    socket.ping();
  }, PING_MS);
  socket.on('pong', () => { alive = true; });
  socket.on('message', (data: RawData, isBinary: boolean) => {
    alive = true;
    const bytes = Buffer.isBuffer(data) ? data : Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
    handler.message(isBinary ? bytes : bytes.toString('utf8'));
  });
  socket.on('error', () => socket.terminate()); // a frame that breaks the WebSocket protocol or passes the size cap
  socket.on('close', () => {
    clearInterval(ping);
    handler.closed();
  });
}

function refusal(options: TransportOptions, request: IncomingMessage): { status: number; why: string } | undefined {
  const path = URL.parse(request.url ?? '', 'http://localhost')?.pathname;
  if (path !== options.path) return { status: 404, why: `The socket is at ${options.path}.` };
  const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
  if (!SUBPROTOCOLS.some((name) => offered.includes(name))) return { status: 400, why: `The subprotocol must be one of ${SUBPROTOCOLS.join(', ')}.` };
  const why = options.refuse(originOf(request));
  return why === undefined ? undefined : { status: 403, why };
}

function originOf(request: IncomingMessage): { host: string | undefined; origin: string | undefined } {
  return { host: request.headers.host, origin: request.headers.origin };
}

function refuseUpgrade(socket: Duplex, { status, why }: { status: number; why: string }): void {
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: ${Buffer.byteLength(why)}\r\n\r\n${why}`);
}

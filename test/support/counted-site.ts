import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';

/** A site whose pages each hold a socket open for as long as they are shown, so that open pages can be counted from outside. */
export interface CountedSite {
  readonly origin: string;
  /** Pages that are open now, by their `n`. */
  readonly open: ReadonlyMap<string, number>;
  /** The most pages that were ever open at once. */
  readonly peak: number;
  close(): Promise<void>;
}

const page = (n: string): string => `<!doctype html><html lang="en"><meta name="viewport" content="width=device-width">
<title>Offer ${n}</title><h1>Offer number ${n} for your home</h1><p>Simple things that last.</p><a href="/buy">Buy now</a>
<script>new WebSocket('ws://' + location.host + '/open?n=${n}')</script></html>`;

export async function startCountedSite(): Promise<CountedSite> {
  const open = new Map<string, number>();
  let peak = 0;
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? '/', 'http://site');
    response.writeHead(200, { 'content-type': 'text/html' }).end(page(searchParams.get('n') ?? '0'));
  });
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket, request) => {
    const n = new URL(request.url ?? '/', 'http://site').searchParams.get('n') ?? '0';
    open.set(n, (open.get(n) ?? 0) + 1);
    peak = Math.max(peak, [...open.values()].reduce((sum, count) => sum + count, 0));
    socket.on('close', () => {
      const left = (open.get(n) ?? 1) - 1;
      if (left > 0) open.set(n, left);
      else open.delete(n);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    open,
    get peak() {
      return peak;
    },
    close: () => new Promise((resolve) => {
      for (const socket of sockets.clients) socket.terminate();
      server.close(() => resolve());
      server.closeAllConnections();
    }),
  };
}

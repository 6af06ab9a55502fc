import { once } from 'node:events';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import tls from 'node:tls';
import type { Way } from './ways/way.ts';

/** Something with a port on loopback. */
interface Listening { readonly port: number; close(): Promise<void> }

/** What nobody may reach: it speaks http, WebSocket handshakes and, on a second port, the first words of TLS, and remembers who came. */
export interface Inside extends Listening {
  /** Names of the ways that arrived. */
  readonly arrived: ReadonlySet<string>;
  /** Where it expects TLS. */
  readonly securePort: number;
  /** Connections, whatever was said on them. */
  readonly connections: number;
}

export async function startInside(): Promise<Inside> {
  const arrived = new Set<string>();
  let connections = 0;
  const note = (request: http.IncomingMessage): void => {
    const [, hit, id] = (request.url ?? '').split('/');
    arrived.add(hit === 'hit' && id ? id.replace(/[?#&].*/s, '') : (request.headers.host ?? '').split('.')[0] ?? '');
  };
  const web = http.createServer((request, response) => {
    note(request);
    response.writeHead(200, { 'access-control-allow-origin': request.headers.origin ?? '*', 'access-control-allow-credentials': 'true', 'access-control-allow-headers': '*, x-a, authorization, content-type, range', 'access-control-allow-methods': '*, PUT, DELETE' }).end('secret');
  }).on('upgrade', (request, socket) => {
    note(request);
    socket.destroy();
  });
  const secure = tls.createServer({ SNICallback: (name, done) => { arrived.add(name.split('.')[0] ?? ''); done(new Error('no certificate')); } }).on('tlsClientError', () => undefined);
  for (const server of [web, secure]) server.on('connection', () => { connections += 1; });
  const [plain, encrypted] = [await listen(web), await listen(secure)];
  return {
    port: plain.port, securePort: encrypted.port, arrived,
    get connections() { return connections; },
    close: async () => void await Promise.all([plain.close(), encrypted.close()]),
  };
}

/** The page's own site, which attacks. */
export interface Outside extends Listening {
  /** An address of this site that shows one way in a document of its own. */
  documentOf(id: string): string;
  /** An address of this site whose document holds the documents of many ways in frames. */
  framesOf(ids: readonly string[]): string;
}

/** Where a way leads: to a host of its own, unless it says another. */
export function targetOf(id: string, way: Way, port: number): string {
  return `http://${way.host ?? `${id}.inward.test`}:${port}/hit/${id}`;
}

/** Starts the site that shows these ways, all leading to `inside`. */
export async function startOutside(ways: Readonly<Record<string, Way>>, inside: Inside): Promise<Outside> {
  const server = http.createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://outside');
    const to = url.searchParams.get('to') ?? '';
    const send = (type: string, text: string): void => void response.writeHead(200, { 'content-type': type, 'access-control-allow-origin': '*' }).end(text);
    const id = url.pathname.split('/')[2] ?? '';
    const way = url.pathname.startsWith('/way/') ? ways[id] : undefined;
    if (way) {
      for (const [name, value] of Object.entries(way.headers ?? {})) response.setHeader(name, filled(value, id, way, inside));
      send(`${way.type ?? 'text/html'}; charset=utf-8`, filled(way.html, id, way, inside));
    } else if (url.pathname === '/frames') {
      send('text/html; charset=utf-8', (url.searchParams.get('ids') ?? '').split(',').map((name) => {
        const one = ways[name];
        return one?.inline ? filled(one.html, name, one, inside) : `<iframe width="99" height="99" src="/way/${name}"></iframe>`;
      }).join(''));
    }
    else if (url.pathname === '/redirect') response.writeHead(Number(url.searchParams.get('code') ?? 302), { 'location': Buffer.from(nextOf(url, request.socket.localPort)).toString('latin1'), 'access-control-allow-origin': '*' }).end();
    else if (url.pathname === '/to-script') response.writeHead(302, { location: `/fetching.js?to=${encodeURIComponent(to)}` }).end();
    else if (url.pathname === '/fetching.js') send('text/javascript', `fetch(${JSON.stringify(to)}, { mode: 'no-cors' }).catch(() => {})`);
    else if (url.pathname === '/import-scripts') send('text/javascript', `importScripts(${JSON.stringify(to)})`);
    else send('text/html', '<title>outside</title><p>A page.');
  });
  const listening = await listen(server);
  const origin = `http://127.0.0.1:${listening.port}`;
  return { ...listening, documentOf: (id) => `${origin}/way/${id}`, framesOf: (ids) => `${origin}/frames?ids=${ids.join(',')}` };
}

/** A text of a way with its addresses. */
function filled(text: string, id: string, way: Way, inside: Inside): string {
  const target = targetOf(id, way, inside.port);
  const secure = targetOf(id, way, inside.securePort).replace('http:', 'https:');
  const fillers: Record<string, string> = {
    url: target, https: secure,
    ws: target.replace('http:', 'ws:'), wss: secure.replace('https:', 'wss:'),
    redirect: `/redirect?to=${encodeURIComponent(target)}`,
    script: `/fetching.js?to=${encodeURIComponent(target)}`,
  };
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => fillers[name] ?? whole);
}

/** Where a redirect leads: to the next one while there are hops left, by another of the site's names if so asked, then to its end in one of several spellings. */
function nextOf({ searchParams }: URL, port: number | undefined): string {
  const hops = Number(searchParams.get('hops') ?? 0);
  const to = searchParams.get('to') ?? '';
  if (hops > 0) {
    const next = new URLSearchParams(searchParams);
    next.set('hops', String(hops - 1));
    const by = searchParams.get('by');
    next.delete('by');
    return `${by === null ? '' : `http://${by}:${port}`}/redirect?${String(next)}`;
  }
  switch (searchParams.get('form')) {
    case '//': return to.replace('http:', '');
    case 'HTTP': return to.replace('http:', 'HTTP:');
    case 'user@': return to.replace('//', '//user:secret@');
    case 'fragment': return `${to}#x`;
    default: return to;
  }
}

async function listen(server: net.Server): Promise<Listening> {
  const sockets = new Set<net.Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: () => new Promise((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    }),
  };
}

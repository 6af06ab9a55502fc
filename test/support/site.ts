import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ARTICLE } from './sites/article.ts';
import { GERMAN } from './sites/german.ts';
import { JAPANESE } from './sites/japanese.ts';
import { LEAD } from './sites/lead.ts';
import { PRICING } from './sites/pricing.ts';
import { PRODUCT } from './sites/product.ts';
import { SAAS } from './sites/saas.ts';

/** What a path answers: an HTML page, or anything by hand. */
export type Route = string | ((request: IncomingMessage, response: ServerResponse) => void);

export interface Site {
  /** For example http://127.0.0.1:40123 */
  origin: string;
  /** Paths asked for so far, in order. */
  hits: string[];
  /** How many connections are open now. */
  connections(): Promise<number>;
  /** Ends every connection and the server. */
  close(): Promise<void>;
}

/** A real web server on 127.0.0.1. Keys of `routes` are paths without a query; others answer 404. */
export async function startSite(routes: Record<string, Route>): Promise<Site> {
  const hits: string[] = [];
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://site');
    hits.push(pathname);
    const route = Object.hasOwn(routes, pathname) ? routes[pathname] : undefined;
    if (typeof route === 'function') return route(request, response);
    response.writeHead(route === undefined ? 404 : 200, { 'content-type': 'text/html; charset=utf-8' }).end(route ?? '<h1>Not found</h1>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    hits,
    connections: () => new Promise((resolve, reject) => server.getConnections((error, count) => (error ? reject(error) : resolve(count)))),
    close: () => new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    }),
  };
}

/** An origin on loopback where nobody listens. */
export async function unusedOrigin(): Promise<string> {
  const site = await startSite({});
  await site.close();
  return site.origin;
}

/** Our own test sites, none with a known conversion defect, and the pictures they show. */
export function testSites(): Record<string, Route> {
  return {
    '/product': PRODUCT,
    '/saas': SAAS,
    '/lead': LEAD,
    '/german': GERMAN,
    '/japanese': JAPANESE,
    '/article': ARTICLE,
    '/pricing': PRICING,
    '/img/kettle.svg': picture('#b4532a', '<path d="M120 260h160l-20-130H140z" fill="#fff"/><path d="M280 170q50 10 20 60" stroke="#fff" stroke-width="14" fill="none"/><rect x="175" y="105" width="50" height="20" fill="#fff"/>'),
    '/img/kettle-side.svg': picture('#7d3a1e', '<circle cx="200" cy="200" r="80" fill="#f3e3d8"/>'),
    '/img/cups.svg': picture('#3d5a4c', '<rect x="110" y="160" width="70" height="80" fill="#f4f1ea"/><rect x="220" y="160" width="70" height="80" fill="#f4f1ea"/>'),
    '/img/dashboard.svg': picture('#1d2b53', '<rect x="60" y="90" width="280" height="30" fill="#4f6fd8"/><rect x="60" y="150" width="60" height="150" fill="#7bd88f"/><rect x="150" y="200" width="60" height="100" fill="#7bd88f"/><rect x="240" y="120" width="60" height="180" fill="#7bd88f"/>'),
    '/img/roof.svg': picture('#35586c', '<path d="M60 240L200 110l140 130z" fill="#d9a441"/><rect x="110" y="240" width="180" height="80" fill="#f2efe9"/>'),
  };
}

function picture(colour: string, drawing: string): Route {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 400" width="400" height="400"><rect width="400" height="400" fill="${colour}"/>${drawing}</svg>`;
  return (_request, response) => void response.writeHead(200, { 'content-type': 'image/svg+xml' }).end(svg);
}

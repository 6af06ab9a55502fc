/** The pages that the soak asks for: good ones, and those that real servers were hurt by. */
import type { ServerResponse } from 'node:http';
import type { Code } from '@cro-analyzer/protocol/codes';
import { startSite, testSites, type Route, type Site } from '../../test/support/site.ts';

/** `done`, or the code of a failure. */
export type Outcome = 'done' | Code;

export interface SoakPage {
  /** A path of the site, or a whole address. */
  readonly address: string;
  /** How its jobs may end by the page's own doing. */
  readonly ends: readonly Outcome[];
  readonly weight: number;
}

const good = (address: string): SoakPage => ({ address, ends: ['done'], weight: 10 });
const hostile = (address: string, ends: readonly Outcome[], weight = 1): SoakPage => ({ address, ends, weight });

export const PAGES: readonly SoakPage[] = [
  ...['/product', '/saas', '/lead', '/german', '/japanese', '/article', '/pricing'].map(good),
  hostile('/spins-at-once', ['page_stuck']),
  hostile('/spins-later', ['page_stuck']),
  hostile('/never-answers', ['page_unreachable']),
  hostile('/answers-500', ['page_error'], 2),
  hostile('/not-there', ['page_error'], 2),
  hostile('/paper.pdf', ['page_error'], 2),
  hostile('/setup.exe', ['page_error'], 2),
  hostile('/circle', ['page_error'], 2),
  hostile('/blank', ['page_error'], 2),
  hostile('/huge', ['done', 'page_error', 'page_stuck']),
  hostile('/popups', ['done', 'page_stuck'], 2),
  hostile('/dialogs', ['done'], 2),
  hostile('/hog', ['done', 'browser_crashed', 'page_stuck']),
  hostile('/endless', ['done', 'page_error', 'page_unreachable']),
  hostile('/reloads', ['page_stuck', 'page_unreachable']),
  hostile('http://10.0.0.1/', ['forbidden_url'], 2),
];

const html = (body: string): string => `<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>Offer</title><h1>Good things for your home</h1><a href="/buy">Buy now</a>${body}</html>`;

const send = (type: string, body: string | Buffer, headers: Record<string, string> = {}): Route => (_, response) =>
  void response.writeHead(200, { 'content-type': type, ...headers }).end(body);

/** What the hog takes, in MB: enough to be felt, too little to hurt the machine. */
const HOG_MB = 300;

const HOSTILE: Record<string, Route> = {
  '/spins-at-once': '<!doctype html><title>spin</title><script>for (;;) {}</script><h1>never</h1>',
  '/spins-later': html('<script>addEventListener("load", () => setTimeout(() => { for (;;) {} }, 50))</script>'),
  '/never-answers': () => {},
  '/answers-500': (_, response) => void response.writeHead(500, { 'content-type': 'text/html' }).end('<h1>Error</h1>'),
  '/paper.pdf': send('application/pdf', '%PDF-1.4\n%%EOF'),
  '/setup.exe': send('application/octet-stream', Buffer.alloc(4_096), { 'content-disposition': 'attachment; filename=setup.exe' }),
  '/circle': (_, response) => void response.writeHead(302, { location: '/circle' }).end(),
  '/blank': send('text/html', ''),
  '/huge': send('text/html', html('<div><p>Some words of a very long page.</p><a href="#">More</a></div>'.repeat(20_000))),
  '/popups': html('<script>for (let n = 0; n < 50; n += 1) open("/product?" + n)</script>'),
  '/dialogs': html('<script>for (let n = 0; n < 20; n += 1) { alert(n); confirm(n); prompt(n); } onbeforeunload = () => "stay"</script>'),
  '/hog': html(`<script>const kept = []; for (let n = 0; n < ${HOG_MB}; n += 1) kept.push(new Uint8Array(1024 * 1024).fill(n))</script>`),
  '/endless': (_, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).write('<!doctype html><title>Endless</title><h1>It goes on</h1>');
    trickle(response);
  },
  '/reloads': html('<script>location.reload()</script>'),
};

/** A little more every 100 ms for as long as someone listens, a minute at most. */
function trickle(response: ServerResponse): void {
  let left = 600;
  const timer = setInterval(() => {
    response.write('<p>and on</p>');
    if ((left -= 1) === 0) response.end();
  }, 100);
  response.once('close', () => clearInterval(timer));
}

/** Serves all of them. */
export function startSoakSite(): Promise<Site> {
  return startSite({ ...testSites(), ...HOSTILE });
}

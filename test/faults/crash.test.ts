import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { partsOf } from '../support/processes.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { startSite, type Site } from '../support/site.ts';

const PAGE = '<!doctype html><html lang="en"><title>Shop</title><h1>Good things for your home</h1><a href="/buy">Buy now</a></html>';

/** Fills up to 800 MiB while it loads. */
const HUNGRY = `${PAGE}<img src="/never"><script>
  const kept = [];
  setInterval(() => kept.length < 100 && kept.push(new Float64Array(2 ** 20).fill(1)), 20);
</script>`;

let site: Site;
let server: TestServer;
let onVisit: () => void = () => {};

beforeAll(async () => {
  site = await startSite({
    '/page': (_, response) => {
      onVisit();
      response.writeHead(200, { 'content-type': 'text/html' }).end(PAGE);
    },
    '/hungry': (_, response) => {
      onVisit();
      response.writeHead(200, { 'content-type': 'text/html' }).end(HUNGRY);
    },
    '/never': () => {},
  });
  server = await startServer({ CRO_PAGES_PER_BROWSER: '1', CRO_BROWSER_MAX_MB: '200' });
});

afterAll(async () => {
  await server.close();
  await site.close();
});

const killBrowsers = (): void => server.app.pool.pids.forEach((pid) => process.kill(pid, 'SIGKILL'));

/** Kills the processes of the browser whose command line says so. */
function killPart(part: string): void {
  for (const pid of partsOf(server.app.pool.pids[0] ?? 0, part)) process.kill(pid, 'SIGKILL');
}

describe('a Chromium that is killed during a job', () => {
  it('is replaced, and the job is tried again and finishes', async () => {
    onVisit = () => {
      onVisit = () => {};
      killBrowsers();
    };
    const result = await server.client().submit({ url: `${site.origin}/page` }).result;
    expect(result.attempts).toBe(2);
    expect(server.app.pool.slots).toEqual({ total: 1, ready: 1, busy: 0 });
  });

  it('fails the job with browser_crashed when it dies each time, and serves the next one', async () => {
    onVisit = killBrowsers;
    const job = server.client().submit({ url: `${site.origin}/page` });
    await expect(job.result).rejects.toMatchObject({ code: 'browser_crashed', retryable: true });
    onVisit = () => {};
    expect((await server.client().submit({ url: `${site.origin}/page` }).result).attempts).toBe(1);
  });

  it('is not taken for a fault of the page when only a part of it is killed', async () => {
    for (const part of ['--utility-sub-type=network', '--type=gpu-process', '--type=renderer']) {
      onVisit = () => {
        onVisit = () => {};
        killPart(part);
      };
      const result = await server.client().submit({ url: `${site.origin}/page` }).result;
      expect(result.page.title, part).toBe('Shop');
    }
  });

  it('costs an idle server nothing but the time to start another', async () => {
    killBrowsers();
    expect((await server.client().submit({ url: `${site.origin}/page` }).result).page.title).toBe('Shop');
  });
});

describe('a page that fills the memory', () => {
  it('loses its browser, twice, then its job fails, and the next one is served', async () => {
    const pids = new Set<number>();
    onVisit = () => { for (const pid of server.app.pool.pids) pids.add(pid); };
    const job = server.client().submit({ url: `${site.origin}/hungry` });
    await expect(job.result).rejects.toMatchObject({ code: 'browser_crashed', reason: 'memory' });
    expect(pids.size).toBe(2);
    onVisit = () => {};
    expect((await server.client().submit({ url: `${site.origin}/page` }).result).attempts).toBe(1);
  });
});

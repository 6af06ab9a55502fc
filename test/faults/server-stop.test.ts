import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { RenderClient } from '@cro-analyzer/protocol/client';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { spawnServer } from '../support/server-process.ts';
import { startServer } from '../support/server.ts';
import { startSite, testSites, type Site } from '../support/site.ts';

let dataDir: string;
let site: Site;
let visited: PromiseWithResolvers<void>;
let answer: boolean;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'cro-stop-'));
  visited = Promise.withResolvers();
  answer = false;
  site = await startSite({
    ...testSites(),
    '/slow': (_, response) => {
      visited.resolve();
      if (answer) response.writeHead(200, { 'content-type': 'text/html' }).end('<title>Slow</title><h1>Here at last, good things</h1>');
    },
  });
});

afterEach(async () => {
  await site.close();
  await rm(dataDir, { recursive: true, force: true });
});

function connectTo(url: string): RenderClient {
  return new RenderClient({ url, client: 'test', sleep: (ms, signal) => delay(ms, undefined, { signal }) });
}

describe('a server that is told to stop', () => {
  it('finishes what runs, closes its browsers and exits 0', async () => {
    const server = await spawnServer({ CRO_DATA_DIR: dataDir });
    const client = connectTo(server.url);
    const job = client.submit({ url: `${site.origin}/product`, devices: ['mobile'] });
    for await (const event of job) if (event.type === 'progress' && event.stage === 'capturing') break;
    const exit = server.end('SIGTERM');
    expect((await job.result).page.status).toBe(200);
    await client.close();
    expect(await exit).toEqual([0, null]);
  });

  it('hands back what it cannot finish, and the next start brings it to its end', async () => {
    const first = await startServer({ CRO_DATA_DIR: dataDir });
    const client = first.client();
    const job = client.submit({ url: `${site.origin}/slow` });
    await visited.promise;
    await client.close();
    await first.close({ keepData: true });
    answer = true;
    const second = await startServer({ CRO_DATA_DIR: dataDir });
    const result = await second.client().watch(job.id ?? '').result;
    expect(result).toMatchObject({ attempts: 1, page: { title: 'Slow' } });
    await second.close();
  });
});

describe('a job that was handed back', () => {
  it('has its whole deadline and wait again: the time between two servers is not its own', async () => {
    const env = { CRO_DATA_DIR: dataDir, CRO_QUEUE_WAIT_MS: '20000' };
    const first = await startServer(env);
    const client = first.client();
    const job = client.submit({ url: `${site.origin}/slow`, deadlineMs: 20_000 });
    await visited.promise;
    await client.close();
    await first.close({ keepData: true });
    const database = new Sqlite(join(dataDir, 'cro.sqlite'));
    database.prepare('UPDATE jobs SET created_at = created_at - 3600000').run(); // an hour goes by
    database.close();
    answer = true;
    const second = await startServer(env);
    expect(await second.client().watch(job.id ?? '').result).toMatchObject({ page: { title: 'Slow' } });
    await second.close();
  });
});

describe('an idempotency key', () => {
  it('stands for the same job after a restart', async () => {
    const request = { url: `${site.origin}/product`, devices: ['mobile'] as ['mobile'] };
    const first = await startServer({ CRO_DATA_DIR: dataDir });
    const job = first.client().submit(request, { idempotencyKey: 'the-same-order' });
    await job.result;
    await first.close({ keepData: true });
    const second = await startServer({ CRO_DATA_DIR: dataDir });
    const again = second.client().submit(request, { idempotencyKey: 'the-same-order' });
    await again.result;
    expect(again.id).toBe(job.id);
    expect(site.hits.filter((path) => path === '/product')).toHaveLength(1);
    await second.close();
  });
});

describe('a caller who waits over HTTP while the server stops', () => {
  it('gets the end of a job that is finished in time, and 202 for one that is not', async () => {
    const server = await startServer({ CRO_DATA_DIR: dataDir });
    const post = (path: string): Promise<Response> => fetch(`${server.url}/v1/analyses`, {
      method: 'POST', headers: { 'content-type': 'application/json', prefer: 'wait=60' }, body: JSON.stringify({ url: site.origin + path, devices: ['mobile'] }),
    });
    const answers = Promise.all([post('/product'), post('/slow')]);
    await visited.promise;
    await server.app.stop(10_000);
    expect((await answers).map(({ status }) => status)).toEqual([200, 202]);
    await server.close();
  });
});

describe('a data folder', () => {
  it('is held by one server at a time', async () => {
    const first = await startServer({ CRO_DATA_DIR: dataDir });
    await expect(startServer({ CRO_DATA_DIR: dataDir })).rejects.toThrow('in use by another server');
    await first.close({ keepData: true });
  });
});

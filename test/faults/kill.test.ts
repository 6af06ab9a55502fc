import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServerFrame, Stage } from '@cro-analyzer/protocol/messages';
import Sqlite from 'better-sqlite3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startFakeClaude, type FakeClaude } from '../support/fake-claude.ts';
import { RawSocket } from '../support/raw-socket.ts';
import { spawnServer, type ServerProcess } from '../support/server-process.ts';
import { startSite, testSites, type Site } from '../support/site.ts';

let site: Site;
let claude: FakeClaude;
let dataDir: string;
let server: ServerProcess;

beforeAll(async () => {
  site = await startSite(testSites());
  claude = await startFakeClaude({ delayMs: 300, chunkDelayMs: 1 });
});

afterAll(async () => {
  await site.close();
  await claude.close();
});

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'cro-kill-'));
});

afterEach(async () => {
  await server.end('SIGKILL');
  await rm(dataDir, { recursive: true, force: true });
});

const start = (): Promise<ServerProcess> =>
  spawnServer({ CRO_DATA_DIR: dataDir, ANTHROPIC_API_KEY: 'test-key', ANTHROPIC_BASE_URL: claude.baseURL });

const PAGES = ['/product', '/lead', '/saas', '/article'];

const submit = (socket: RawSocket, page: string): void =>
  socket.send({ type: 'submit', ref: page, idempotencyKey: `order-of-${page}`, request: { url: site.origin + page, devices: ['mobile'] } });

const isEnd = (frame: ServerFrame): boolean => frame.type === 'result' || frame.type === 'failed' || frame.type === 'cancelled';

/** Rows of the store, read when no server holds it. */
function stored(sql: string): unknown[] {
  const database = new Sqlite(join(dataDir, 'cro.sqlite'), { readonly: true });
  try {
    return database.prepare(sql).all();
  } finally {
    database.close();
  }
}

/** Starts a server anew and waits there for the end of every accepted job. */
async function resume(jobs: readonly string[]): Promise<ServerFrame[]> {
  server = await start();
  const socket = await RawSocket.hello(server.url);
  for (const job of jobs) socket.send({ type: 'watch', job });
  await socket.until(() => socket.frames.filter(isEnd).length >= jobs.length);
  return socket.frames.filter(isEnd);
}

describe('a server that is killed at any moment brings every accepted job to exactly one end after the next start', () => {
  it.each<Stage>(['visiting', 'capturing', 'checking', 'analysing', 'verifying'])('while a job is %s', async (stage) => {
    server = await start();
    const socket = await RawSocket.hello(server.url);
    for (const page of PAGES) submit(socket, page);
    await socket.until(() => socket.of('accepted').length === PAGES.length);
    await socket.next('progress', (frame) => frame.stage === stage);
    await server.end('SIGKILL');
    const jobs = socket.of('accepted').map(({ job }) => job);

    const ends = await resume(jobs);
    expect(ends.map(({ type }) => type)).toEqual(PAGES.map(() => 'result'));
    expect(new Set(ends.map((frame) => ('job' in frame ? frame.job : '')))).toEqual(new Set(jobs));
    await server.end('SIGTERM');
    expect(stored('SELECT body FROM events')).toHaveLength(jobs.length);
    expect(stored('SELECT id FROM jobs WHERE ended_at IS NULL')).toEqual([]);
  });

  it('in the moment of the acknowledgement: what was acknowledged is there, and what is sent again is the same job', async () => {
    server = await start();
    const socket = await RawSocket.hello(server.url);
    for (const page of PAGES) submit(socket, page);
    await socket.next('accepted');
    await server.end('SIGKILL');
    const known = socket.of('accepted');

    server = await start();
    const again = await RawSocket.hello(server.url);
    for (const page of PAGES) submit(again, page);
    await again.until(() => again.of('accepted').length === PAGES.length && again.frames.filter(isEnd).length === PAGES.length);
    for (const { ref, job } of known) expect(again.of('accepted').find((frame) => frame.ref === ref)).toMatchObject({ job, deduplicated: true });
    await server.end('SIGTERM');
    expect(stored('SELECT id FROM jobs')).toHaveLength(PAGES.length);
    expect(stored('SELECT body FROM events')).toHaveLength(PAGES.length);
  });

  it('again and again: a job whose attempts are used up fails by name, and none stays open', async () => {
    server = await start();
    const first = await RawSocket.hello(server.url);
    submit(first, '/product');
    const { job } = await first.next('accepted');
    for (let kill = 0; kill < 2; kill += 1) {
      const socket = await RawSocket.hello(server.url);
      socket.send({ type: 'watch', job });
      await socket.until(() => socket.frames.some((frame) => (frame.type === 'progress' || frame.type === 'snapshot') && frame.stage !== 'queued'));
      await server.end('SIGKILL');
      server = await start();
    }
    const last = await RawSocket.hello(server.url);
    last.send({ type: 'watch', job });
    expect(await last.next('failed')).toMatchObject({ error: { code: 'browser_crashed', reason: 'server_stopped', retryable: true } });
  });
});

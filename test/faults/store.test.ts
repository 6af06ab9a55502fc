import { AnalysisRequest } from '@cro-analyzer/protocol/messages';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ArtifactStore } from '../../render-server/src/store/artifacts.ts';
import { JobStore } from '../../render-server/src/store/jobs.ts';
import { RawSocket } from '../support/raw-socket.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { startSite, testSites, type Site } from '../support/site.ts';

let site: Site;
let server: TestServer;

beforeEach(async () => {
  site = await startSite(testSites());
  server = await startServer();
});

afterEach(async () => {
  vi.restoreAllMocks();
  await server.close();
  await site.close();
});

/** What SQLite says when the disk is full. */
const full = (): Error => Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });

describe('a store that takes no writes for a while', () => {
  it('delays the end of a job and does not lose it', async () => {
    vi.spyOn(JobStore.prototype, 'end').mockRejectedValueOnce(full()).mockRejectedValueOnce(full());
    const result = await server.client().submit({ url: `${site.origin}/lead`, devices: ['mobile'] }).result;
    expect(result.page.status).toBe(200);
  });

  it('delays the start of a job and does not fail it', async () => {
    vi.spyOn(JobStore.prototype, 'beginAttempt').mockRejectedValueOnce(full());
    const result = await server.client().submit({ url: `${site.origin}/lead`, devices: ['mobile'] }).result;
    expect(result.attempts).toBe(1);
  });

  it('refuses a submit instead of accepting what it cannot keep, says so, and takes it later', async () => {
    vi.spyOn(JobStore.prototype, 'insert').mockRejectedValueOnce(full());
    const socket = await RawSocket.hello(server.url);
    const submit = { type: 'submit', ref: 'a', idempotencyKey: 'the same order', request: { url: `${site.origin}/lead`, devices: ['mobile'] } };
    socket.send(submit);
    expect((await socket.next('rejected')).error).toMatchObject({ code: 'overloaded', reason: 'store', retryable: true, retryAfterMs: expect.any(Number) });
    expect(server.app.jobs.counts).toEqual({ queued: 0, running: 0 });
    expect(await (await fetch(`${server.url}/readyz`)).json()).toMatchObject({ ready: false, reasons: ['the store takes no writes'] });
    socket.send(submit);
    await socket.next('result');
    expect(await (await fetch(`${server.url}/readyz`)).json()).toMatchObject({ ready: true });
  });

  it('is asked again by the server itself, which is not ready until then', async () => {
    vi.spyOn(JobStore.prototype, 'insert').mockRejectedValueOnce(full());
    await expect(server.app.jobs.submit({ owner: 'local', ip: '' }, AnalysisRequest.parse({ url: site.origin }), { idempotencyKey: 'not this time' })).rejects.toMatchObject({ code: 'overloaded' });
    expect(server.app.jobs.storing).toBe(false);
    await expect.poll(() => server.app.jobs.storing, { timeout: 20_000 }).toBe(true);
  });

  it('costs a finished analysis its pictures and its report, not its findings', async () => {
    vi.spyOn(ArtifactStore.prototype, 'add').mockRejectedValue(Object.assign(new Error('no space left on device'), { code: 'ENOSPC' }));
    const result = await server.client().submit({ url: `${site.origin}/lead`, devices: ['mobile'] }).result;
    expect(result.artifacts).toEqual([]);
    expect(result.limits).toContain('Screenshots and report could not be stored.');
    expect(result.checks.length).toBeGreaterThan(0);
  });

  it('does not keep the server from stopping', async () => {
    vi.spyOn(JobStore.prototype, 'end').mockRejectedValue(full());
    const job = server.client().submit({ url: `${site.origin}/lead`, devices: ['mobile'] });
    for await (const event of job) if (event.type === 'progress' && event.stage === 'verifying') break;
    await server.app.stop(200);
    expect(server.app.pool.pids).toEqual([]);
  });
});

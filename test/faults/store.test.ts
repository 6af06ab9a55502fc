import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { JobStore } from '../../render-server/src/store/jobs.ts';
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

  it('refuses a submit instead of accepting what it cannot keep, and takes the next', async () => {
    vi.spyOn(JobStore.prototype, 'insert').mockRejectedValueOnce(full());
    const client = server.client();
    await expect(client.submit({ url: `${site.origin}/lead` }).result).rejects.toMatchObject({ code: 'internal', retryable: true });
    expect(server.app.jobs.counts).toEqual({ queued: 0, running: 0 });
    await expect(client.submit({ url: `${site.origin}/lead`, devices: ['mobile'] }).result).resolves.toBeDefined();
  });

  it('does not keep the server from stopping', async () => {
    vi.spyOn(JobStore.prototype, 'end').mockRejectedValue(full());
    const job = server.client().submit({ url: `${site.origin}/lead`, devices: ['mobile'] });
    for await (const event of job) if (event.type === 'progress' && event.stage === 'verifying') break;
    await server.app.stop(200);
    expect(server.app.pool.pids).toEqual([]);
  });
});

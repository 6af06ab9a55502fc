import { RenderClientError, type JobEvent } from '@cro-analyzer/protocol/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Auth } from '../../render-server/src/gateway/auth.ts';
import { startCutter } from '../support/cutter.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { startSite, testSites, unusedOrigin, type Site } from '../support/site.ts';

let site: Site;
let server: TestServer;
let hanging: PromiseWithResolvers<void>;
const KEY = 'a-key-of-this-server';

beforeAll(async () => {
  site = await startSite({ ...testSites(), '/hang': () => hanging.resolve() });
  server = await startServer({ CRO_API_KEYS: KEY, CRO_CREDIT: '3' });
});
afterAll(async () => {
  await server.close();
  await site.close();
});

const quick = (): { url: string; devices: ['mobile']; screenshots: false } => ({ url: `${site.origin}/lead`, devices: ['mobile'], screenshots: false });

describe.each(['msgpack', 'json'] as const)('the client over %s', (codec) => {
  it('tells what happens to a job, in order, and then its result', async () => {
    const job = server.client({ token: KEY, codec }).submit(quick());
    const events: JobEvent[] = [];
    for await (const event of job) events.push(event);
    const result = await job.result;
    expect(events[0]).toMatchObject({ type: 'accepted', job: job.id, deduplicated: false });
    const fractions = events.flatMap((event) => (event.type === 'progress' ? [event.fraction] : []));
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
    const seqs = events.flatMap((event) => ('seq' in event ? [event.seq] : []));
    expect(seqs).toEqual([...new Set(seqs)].sort((a, b) => a - b));
    const shown = events.flatMap((event) => (event.type === 'finding' ? [event.finding.title] : []));
    for (const { title } of result.findings) expect(shown).toContain(title);
  });
});

describe('the client', () => {
  it('feeds many jobs through one socket within the credit, in whatever order they end', async () => {
    const client = server.client({ token: KEY });
    const jobs = Array.from({ length: 8 }, () => client.submit(quick()));
    const results = await Promise.all(jobs.map((job) => job.result));
    expect(new Set(jobs.map(({ id }) => id)).size).toBe(8);
    expect(results.every(({ page }) => page.status === 200)).toBe(true);
  });

  it('submits again with the same key what was not acknowledged when the line broke, and watches what was', async () => {
    const proxy = await startCutter(server.url);
    const before = (await server.app.jobs.list(ownerOf(KEY), 200)).length;
    const client = server.client({ url: proxy.url, token: KEY });
    hanging = Promise.withResolvers();
    const waiting = client.submit({ url: `${site.origin}/hang`, devices: ['mobile'], deadlineMs: 20_000 });
    await hanging.promise;
    const jobs = [client.submit(quick()), client.submit(quick())];
    await nextEvent(waiting, 'progress');
    proxy.cut();
    const results = await Promise.all(jobs.map((job) => job.result));
    expect(results).toHaveLength(2);
    expect(proxy.connections()).toBe(2);
    const submitted = server.app.jobs.list(ownerOf(KEY), 200);
    expect((await submitted).length - before).toBe(3); // one each, however often they were sent
    waiting.cancel();
    await client.close();
    await proxy.close();
    const listed = await (await fetch(`${server.url}/v1/analyses`, { headers: { authorization: `Bearer ${KEY}` } })).json() as { analyses: { id: string; stage: string }[] };
    expect(listed.analyses.filter(({ id }) => id === waiting.id)).toMatchObject([{ stage: 'cancelled' }]);
  });

  it('gets the end of a job that ended while it was away', async () => {
    const first = server.client({ token: KEY });
    const job = first.submit(quick());
    const { findings } = await job.result;
    const second = server.client({ token: KEY });
    expect((await second.watch(job.id ?? '').result).findings).toEqual(findings);
  });

  it('cancels on the server when its signal fires, and the slot is free again', async () => {
    hanging = Promise.withResolvers();
    const stop = new AbortController();
    const client = server.client({ token: KEY });
    const job = client.submit({ url: `${site.origin}/hang` }, { signal: stop.signal });
    await hanging.promise;
    stop.abort();
    await expect(job.result).rejects.toMatchObject({ code: 'cancelled' });
    await client.close();
    expect(server.app.pool.slots.busy).toBe(0);
    expect(server.app.jobs.counts).toEqual({ queued: 0, running: 0 });
  });

  it('cancels jobs that still wait for credit without sending them', async () => {
    hanging = Promise.withResolvers();
    const stop = new AbortController();
    const client = server.client({ token: KEY });
    const jobs = Array.from({ length: 10 }, () => client.submit({ url: `${site.origin}/hang` }, { signal: stop.signal }));
    await hanging.promise;
    stop.abort();
    const ends = await Promise.allSettled(jobs.map((job) => job.result));
    expect(ends.every(({ status }) => status === 'rejected')).toBe(true);
    await client.close();
    expect(jobs.filter(({ id }) => id !== undefined).length).toBeLessThanOrEqual(3);
    expect(server.app.jobs.counts).toEqual({ queued: 0, running: 0 });
  });

  it.each([
    ['a wrong key', () => server.client({ token: 'not-a-key-of-it' }), 'unauthorized'],
    ['a server that is not there', async () => server.client({ url: await unusedOrigin(), patienceMs: 500 }), 'server_unreachable'],
    ['an address that is none', () => server.client({ url: 'http://127.0.0.1:99999', patienceMs: 500 }), 'bad_request'],
  ])('fails every job with a code and advice on %s', async (_, open, code) => {
    const client = await open();
    const thrown: unknown = await client.submit(quick()).result.catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(RenderClientError);
    expect(thrown).toMatchObject({ code, advice: expect.any(String) });
  });

  it('takes another job right after one that failed for want of a server', async () => {
    const client = server.client({ url: await unusedOrigin(), patienceMs: 100 });
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await expect(client.submit(quick()).result).rejects.toMatchObject({ code: 'server_unreachable' });
    }
  });

  it('tells every local job its end, also when two of them are one on the server', async () => {
    const client = server.client({ token: KEY });
    const job = client.submit(quick(), { idempotencyKey: 'two-of-a-kind' });
    const twin = client.submit(quick(), { idempotencyKey: 'two-of-a-kind' });
    for await (const event of job) if (event.type === 'accepted') break;
    const watched = client.watch(job.id ?? '');
    const results = await Promise.all([job.result, twin.result, watched.result]);
    expect(new Set([job.id, twin.id, watched.id]).size).toBe(1);
    expect(new Set(results.map(({ page }) => page.url)).size).toBe(1);
  });

  it('fails a job at once that the server asks to come back later than it has patience', async () => {
    const busy = await startServer({ CRO_LIMITS_TOTAL: 'day=1' });
    try {
      const client = busy.client({ patienceMs: 600 });
      const nobody = await unusedOrigin();
      await client.submit({ url: nobody }).result.catch(() => {});
      const refused = client.submit({ url: nobody });
      await expect(refused.result).rejects.toMatchObject({ code: 'rate_limited', reason: 'day', retryAfterMs: expect.any(Number) });
    } finally {
      await busy.close();
    }
  });

  it('fails a job that the server refuses for good, and goes on with the others', async () => {
    const client = server.client({ token: KEY });
    const refused = client.submit({ url: 'http://10.0.0.1/' });
    const fine = client.submit(quick());
    await expect(refused.result).rejects.toMatchObject({ code: 'forbidden_url' });
    await expect(fine.result).resolves.toBeDefined();
  });
});

const ownerOf = (key: string): string => new Auth([key]).owner(key);

async function nextEvent(job: AsyncIterable<JobEvent>, type: JobEvent['type']): Promise<void> {
  for await (const event of job) if (event.type === type) return;
}

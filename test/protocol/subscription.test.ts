import type { EndedEvent } from '@cro-analyzer/protocol/messages';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCutter } from '../support/cutter.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { startSite, unusedOrigin } from '../support/site.ts';

let server: TestServer;
let nobody: string;
beforeAll(async () => {
  nobody = await unusedOrigin();
  server = await startServer();
});
afterAll(() => server.close());

/** Submits a job that fails at once, and waits for its end. */
async function endJob(): Promise<string> {
  const client = server.client();
  const job = client.submit({ url: nobody });
  await job.result.catch(() => {});
  await client.close();
  return job.id ?? '';
}

const jobsOf = (events: EndedEvent[]): string[] => events.flatMap((event) => (event.type === 'ended' ? [event.job] : []));

describe('a subscription of the client', () => {
  it('misses nothing and tells nothing twice over lost connections', async () => {
    const proxy = await startCutter(server.url);
    const client = server.client({ url: proxy.url });
    const events: EndedEvent[] = [];
    const subscription = client.subscribe({ onEnded: (event) => events.push(event) });
    await expect.poll(() => subscription.event).toBe(await server.app.jobs.lastEvent('local'));
    const jobs = [await endJob()];
    await expect.poll(() => jobsOf(events)).toEqual(jobs);
    for (let cuts = 0; cuts < 2; cuts += 1) {
      proxy.cut();
      jobs.push(await endJob(), await endJob()); // while it is away, or not yet
      await expect.poll(() => jobsOf(events), { timeout: 15_000 }).toEqual(jobs);
    }
    expect(subscription.event).toBe(events.at(-1)?.event);
    await client.close();
    await subscription.over;
    await proxy.close();
  });

  it('begins after the event that the caller names, from an earlier run', async () => {
    const before = await server.app.jobs.lastEvent('local');
    const jobs = [await endJob(), await endJob()];
    const events: EndedEvent[] = [];
    const client = server.client();
    client.subscribe({ afterEvent: before, onEnded: (event) => events.push(event) });
    await expect.poll(() => jobsOf(events)).toEqual(jobs);
    await client.close();
  });

  it('ends with its signal, after which there may be another', async () => {
    const stop = new AbortController();
    const client = server.client();
    const subscription = client.subscribe({ onEnded: () => {}, signal: stop.signal });
    expect(() => client.subscribe({ onEnded: () => {} })).toThrow('already');
    await expect.poll(() => subscription.event).toBeDefined();
    stop.abort();
    await subscription.over;
    const events: EndedEvent[] = [];
    const next = client.subscribe({ onEnded: (event) => events.push(event) });
    await expect.poll(() => next.event).toBeDefined();
    const job = await endJob();
    await expect.poll(() => jobsOf(events)).toEqual([job]);
    await client.close();
  });

  it('fails with a code when there is no server', async () => {
    const client = server.client({ url: await unusedOrigin(), patienceMs: 100 });
    await expect(client.subscribe({ onEnded: () => {} }).over).rejects.toMatchObject({ code: 'server_unreachable' });
  });
});

describe('a lost client', () => {
  it('has its job cancelled at once when it asked for that, and finished when it asked for that', async () => {
    const site = await startSite({ '/hang': () => {} });
    const client = server.client();
    const request = { url: `${site.origin}/hang` };
    const [cancelled, finished] = [client.submit(request, { onLost: 'cancel' }), client.submit(request, { onLost: 'finish' })];
    const accepted = async (job: AsyncIterable<{ type: string }>): Promise<void> => {
      for await (const { type } of job) if (type === 'accepted') return;
    };
    await Promise.all([accepted(cancelled), accepted(finished)]);
    await client.close();
    const stage = async (id = ''): Promise<string> => (await server.app.jobs.get('local', id)).stage;
    await expect.poll(() => stage(cancelled.id)).toBe('cancelled');
    await expect.poll(() => stage(finished.id)).toBe('visiting');
    await server.app.jobs.cancel('local', finished.id ?? '');
    await site.close();
  });

  it('is told why it is not welcome when its key has too many sessions', async () => {
    const crowded = await startServer({ CRO_LIMITS_PER_KEY: 'sessions=1' });
    const first = crowded.client();
    await first.submit({ url: nobody }).result.catch(() => {});
    await expect(crowded.client({ patienceMs: 100 }).submit({ url: nobody }).result).rejects.toMatchObject({ code: 'rate_limited', reason: 'sessions' });
    await crowded.close();
  });
});

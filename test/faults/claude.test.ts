import type { Job } from '@cro-analyzer/protocol/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startFakeClaude, type Behaviour, type FakeClaude } from '../support/fake-claude.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { startSite, unusedOrigin, type Site } from '../support/site.ts';

const PAGE = '<!doctype html><html lang="en"><title>Shop</title><h1>Good things for your home</h1><a href="/buy">Buy now</a></html>';

let site: Site;
beforeAll(async () => {
  site = await startSite({ '/': PAGE });
});
afterAll(() => site.close());

const serverFor = (baseURL: string): Promise<TestServer> => startServer({ ANTHROPIC_API_KEY: 'test-key', ANTHROPIC_BASE_URL: baseURL, CRO_PAGES_PER_BROWSER: '4' });

const submit = (server: TestServer, analyst: 'claude' | 'auto' | 'rules', deadlineMs = 30_000): Job =>
  server.client().submit({ url: site.origin, devices: ['mobile'], screenshots: false, analyst, deadlineMs });

/** Resolves when the job has got as far as asking its analyst. */
async function analysing(job: Job): Promise<void> {
  for await (const event of job) if (event.type === 'progress' && event.stage === 'analysing') return;
}

describe.concurrent('while Claude is down, jobs wait within their deadline, then fail with analyst_unavailable or fall back to the rules', () => {
  const DOWN: [string, Behaviour | null][] = [
    ['connections are refused', null],
    ['it is overloaded (529)', { kind: 'status', status: 529 }],
    ['it has a fault (500)', { kind: 'status', status: 500 }],
  ];
  it.each(DOWN)('%s', async (_, behaviour) => {
    const claude = behaviour && await startFakeClaude();
    if (claude && behaviour) claude.always(behaviour);
    const server = await serverFor(claude ? claude.baseURL : await unusedOrigin());
    try {
      const ends: string[] = [];
      const [failing, falling] = [submit(server, 'claude', 20_000), submit(server, 'auto', 20_000)];
      const waited = Promise.allSettled([failing, falling].map(({ result }) => result.finally(() => ends.push('one that waited'))));
      await Promise.all([analysing(failing), analysing(falling)]);
      await submit(server, 'rules').result;
      ends.push('one of the rules');
      const [failure, fallback] = await waited;
      expect(failure).toMatchObject({ status: 'rejected', reason: { code: 'analyst_unavailable', reason: 'timeout', retryable: true } });
      expect(fallback).toMatchObject({ status: 'fulfilled', value: { analyst: { name: 'rules', note: expect.stringContaining('Claude could not answer') }, findings: expect.arrayContaining([expect.anything()]) } });
      expect(ends).toEqual(['one of the rules', 'one that waited', 'one that waited']);
      if (claude) expect(claude.requests.length).toBeGreaterThan(2);
    } finally {
      await server.close();
      await claude?.close();
    }
  });
});

describe('a server whose Claude is in trouble for a while', () => {
  let claude: FakeClaude;
  let server: TestServer;
  beforeAll(async () => {
    claude = await startFakeClaude();
    server = await serverFor(claude.baseURL);
  });
  afterAll(async () => {
    await server.close();
    await claude.close();
  });

  it('whose connections are refused: when it is back within the deadline, the jobs that waited get its findings', async () => {
    await claude.close();
    const jobs = [1, 2, 3].map(() => submit(server, 'claude'));
    await Promise.all(jobs.map(analysing));
    claude = await startFakeClaude({ port: Number(new URL(claude.baseURL).port) });
    for (const { analyst, findings } of await Promise.all(jobs.map(({ result }) => result))) {
      expect(analyst).toMatchObject({ name: 'claude', note: null });
      expect(findings.length).toBeGreaterThan(0);
    }
  });

  it('that is overloaded: /readyz says so, and when it is back the jobs that waited get its findings, those too that the rules might have answered', async () => {
    claude.always({ kind: 'status', status: 529 });
    const ready = async (): Promise<unknown> => {
      const response = await fetch(`${server.url}/readyz`);
      return { status: response.status, ...await response.json() as object };
    };
    const jobs = [submit(server, 'claude'), submit(server, 'auto'), submit(server, 'claude'), submit(server, 'auto')];
    await expect.poll(ready, { timeout: 20_000, interval: 50 }).toMatchObject({ status: 200, degraded: expect.arrayContaining(['Claude does not answer']) });
    claude.always({ kind: 'answer' });
    const results = await Promise.all(jobs.map(({ result }) => result));
    expect(results.map(({ analyst }) => analyst.name)).toEqual(['claude', 'claude', 'claude', 'claude']);
    expect(await ready()).toMatchObject({ status: 200, degraded: expect.not.arrayContaining(['Claude does not answer']) });
  });

  it.each<Behaviour>([{ kind: 'cut', after: 1 }, { kind: 'eof', after: 1 }, { kind: 'error-event', after: 1 }])('a stream that breaks off is asked for again, and no finding is shown twice: %j', async (trouble) => {
    const before = claude.requests.length;
    claude.behave(trouble);
    const job = submit(server, 'claude');
    const shown: string[] = [];
    for await (const event of job) if (event.type === 'finding') shown.push(event.finding.id);
    const { findings, limits, analyst } = await job.result;
    expect(claude.requests).toHaveLength(before + 2);
    expect(analyst.name).toBe('claude');
    expect(limits.filter((limit) => limit.includes('broke off'))).toEqual([]);
    expect(shown).toEqual(shown.map((_, index) => `f${index + 1}`));
    expect(findings.map(({ id }) => id).sort()).toEqual([...shown].sort());
  });

  it('a key that Claude refuses is not waited for', async () => {
    claude.behave({ kind: 'status', status: 401 });
    const before = claude.requests.length;
    await expect(submit(server, 'claude').result).rejects.toMatchObject({ code: 'analyst_unavailable', reason: 'auth', retryable: false });
    expect(claude.requests).toHaveLength(before + 1);
  });

  it('a job whose budget the call may pass is not put to Claude: it fails, or the rules answer and say so', async () => {
    const before = claude.requests.length;
    const request = { url: site.origin, devices: ['mobile' as const], budgetUsd: 0.01 };
    await expect(server.client().submit({ ...request, analyst: 'claude' }).result).rejects.toMatchObject({ code: 'budget_exceeded' });
    expect((await server.client().submit({ ...request, analyst: 'auto' }).result).analyst).toMatchObject({ name: 'rules', note: expect.stringContaining('Claude could not answer') });
    expect(claude.requests).toHaveLength(before);
  });
});

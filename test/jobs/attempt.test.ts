import type { AnalysisResult, Finding } from '@cro-analyzer/protocol/messages';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startFakeClaude, type FakeClaude } from '../support/fake-claude.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { startSite, type Site } from '../support/site.ts';

/** Without a title, a viewport tag or a call to action: the rules find something. */
const BARE = '<!doctype html><html lang="en"><body><h1>A page that lacks much</h1><p>Some words about it.</p></body></html>';

let claude: FakeClaude;
let site: Site;
let server: TestServer;
beforeAll(async () => {
  claude = await startFakeClaude();
  site = await startSite({ '/': BARE });
  server = await startServer({ ANTHROPIC_API_KEY: 'test-key', ANTHROPIC_BASE_URL: claude.baseURL });
});
afterAll(async () => {
  await server.close();
  await site.close();
  await claude.close();
});

/** The result, and the findings that were shown before it. */
async function analyse(options: { deadlineMs?: number; model?: string } = {}): Promise<{ result: AnalysisResult; shown: Finding[] }> {
  const job = server.client().submit({ url: site.origin, devices: ['mobile'], ...options });
  const shown: Finding[] = [];
  for await (const event of job) if (event.type === 'finding') shown.push(event.finding);
  return { result: await job.result, shown };
}

describe('when Claude fails, and the rules may answer', () => {
  it('what Claude cost is in the result, and no finding of the rules has an id that one of Claude\'s was shown under', async () => {
    claude.behave({ kind: 'max-tokens', after: 0 });
    const { result } = await analyse();
    expect(result.analyst).toMatchObject({ name: 'rules', note: expect.stringContaining('length limit') });
    expect(result.usage.inputTokens).toBeGreaterThan(100);
    expect(result.usage.costUsd).toBeGreaterThan(0);
    expect(result.findings.length).toBeGreaterThan(0);
    expect(result.findings.map(({ id }) => id)).toEqual(result.findings.map((_, index) => `r${index + 1}`));
  });
});

describe('a model that was asked for by name and does not exist', () => {
  it('fails the job and names it, instead of letting the rules answer in silence', async () => {
    claude.behave({ kind: 'status', status: 404 });
    await expect(analyse({ model: 'claude-typo' })).rejects.toMatchObject({ code: 'bad_request', reason: 'model', message: expect.stringContaining('claude-typo') });
  });
});

describe('when Claude is still writing as the deadline comes near', () => {
  it('what it has finished is the answer', { timeout: 20_000 }, async () => {
    claude.behave({ kind: 'stall', after: 2 });
    const { result, shown } = await analyse({ deadlineMs: 10_000 });
    expect(result.analyst).toMatchObject({ name: 'claude', note: null });
    expect(result.findings.map(({ id }) => id).sort()).toEqual(['f1', 'f2']);
    expect(shown.map(({ id }) => id)).toEqual(['f1', 'f2']);
    expect(result.limits).toContainEqual(expect.stringContaining('broke off'));
    expect(result.usage.costUsd).toBeGreaterThan(0);
  });
});

describe('while a job is with its analyst', () => {
  it('its progress tells waiting for Claude from Claude at work', { timeout: 30_000 }, async () => {
    claude.behave({ kind: 'status', status: 429, retryAfter: '4' }, { kind: 'stall', after: 1 });
    const job = server.client().submit({ url: site.origin, devices: ['mobile'] });
    const told: string[] = [];
    for await (const event of job) {
      if (event.type !== 'progress' || event.stage !== 'analysing') continue;
      if (event.message !== told.at(-1)) told.push(event.message);
      if (event.message === 'Claude is reading the page') job.cancel();
    }
    await expect(job.result).rejects.toMatchObject({ code: 'cancelled' });
    expect(told).toEqual(['Looking for what costs conversions', 'Waiting for Claude', 'Claude is reading the page']);
  });
});

describe('the report of a job', () => {
  it('says how long the analysis took', async () => {
    const { result } = await analyse();
    const report = result.artifacts.find(({ kind }) => kind === 'report');
    const html = await (await fetch(server.url + report?.href)).text();
    expect(html).toMatch(/<dt>Time<\/dt><dd>\d+\.\d s<\/dd>/);
    expect(result.usage.timings['total']).toBeGreaterThan(0);
  });
});

import { expect, it } from 'vitest';
import { startFakeClaude } from '../support/fake-claude.ts';
import { startServer } from '../support/server.ts';
import { startSite } from '../support/site.ts';

it('a stream that stalls ends at its idle limit and is asked for again; other jobs go on meanwhile', async () => {
  const site = await startSite({ '/': '<!doctype html><html lang="en"><title>Shop</title><h1>Good things</h1><a href="/buy">Buy now</a></html>' });
  const claude = await startFakeClaude();
  const server = await startServer({ ANTHROPIC_API_KEY: 'test-key', ANTHROPIC_BASE_URL: claude.baseURL });
  try {
    claude.behave({ kind: 'stall', after: 1 });
    const ends: string[] = [];
    const stalled = server.client().submit({ url: site.origin, analyst: 'claude', deadlineMs: 120_000 });
    stalled.result.then(() => ends.push('stalled'), () => {});
    await claude.received(1);
    expect((await server.client().submit({ url: site.origin, analyst: 'claude' }).result).analyst.name).toBe('claude');
    ends.push('other');
    const { analyst, findings, limits } = await stalled.result;
    expect(analyst.name).toBe('claude');
    expect(findings.length).toBeGreaterThan(1);
    expect(limits.filter((limit) => limit.includes('broke off'))).toEqual([]);
    expect(claude.requests).toHaveLength(3);
    expect(ends).toEqual(['other', 'stalled']);
    await claude.idle();
  } finally {
    await server.close();
    await claude.close();
    await site.close();
  }
});

/** Claude under stress: at its rate limit, down, back again, and paid from a budget. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { pino } from 'pino';
import { afterAll, describe, expect, test } from 'vitest';
import type { AnalystOptions, Brief, Budget, Opinion } from '../../render-server/src/analysis/analyst.ts';
import { createClaudeAnalyst, type ClaudeOptions } from '../../render-server/src/analysis/claude.ts';
import { RenderError } from '../../render-server/src/errors.ts';
import { briefFor } from '../support/claude-brief.ts';
import { startFakeClaude, type FakeClaude, type FakeClaudeOptions } from '../support/fake-claude.ts';

const opened: FakeClaude[] = [];
afterAll(async () => {
  await Promise.all(opened.map((fake) => fake.close()));
});

async function start(fakeOptions: FakeClaudeOptions = {}, claudeOptions: Partial<ClaudeOptions> = {}) {
  const fake = await startFakeClaude(fakeOptions);
  opened.push(fake);
  const analyst = analystOf(fake, claudeOptions);
  const analyse = (about: Brief = briefFor(), options: Partial<AnalystOptions> = {}): Promise<Opinion> =>
    analyst.analyse(about, { signal: new AbortController().signal, onFinding: () => {}, ...options });
  return { fake, analyst, analyse };
}

function analystOf(fake: FakeClaude, options: Partial<ClaudeOptions> = {}) {
  return createClaudeAnalyst({
    apiKey: 'test-key', baseURL: fake.baseURL, model: 'claude-sonnet-5-5', concurrency: 8, idleTimeoutMs: 5_000, logger: pino({ level: 'silent' }), ...options,
  });
}

/** What comes in a moment, on a machine that is busy with other tests too. */
const SOON = { interval: 10, timeout: 20_000 };

/** The failure of an analysis that must not succeed. */
const failureOf = (analysis: Promise<unknown>): Promise<unknown> => analysis.then(() => 'succeeded', (error: unknown) => error);

describe.concurrent('Claude at its rate limit', () => {
  test('forty analyses at a limit of eight, where Claude bears three: all are done, the limit settles there, and few are refused', { timeout: 60_000 }, async () => {
    const adaptive = await start({ bears: 3, delayMs: 150 });
    const limits: number[] = [];
    const opinions = await Promise.all(Array.from({ length: 40 }, async () => {
      const opinion = await adaptive.analyse();
      limits.push(adaptive.analyst.state?.limit ?? 0);
      return opinion;
    }));
    // Eight analysts of one call each, which none can lower: eight calls at once, as without adaptation.
    const fixed = await start({ bears: 3, delayMs: 150 });
    const analysts = Array.from({ length: 8 }, () => analystOf(fixed.fake, { concurrency: 1 }));
    await Promise.all(Array.from({ length: 40 }, (_, n) => analysts[n % 8]?.analyse(briefFor(), { signal: new AbortController().signal, onFinding: () => {} })));

    const settled = limits.slice(10);
    const mean = settled.reduce((sum, limit) => sum + limit, 0) / settled.length;
    console.log(`40 analyses, 8 calls allowed, 3 borne: ${adaptive.fake.refused} calls got a 429, ${fixed.fake.refused} without adaptation; limit over the last 30: ${mean.toFixed(1)} on average, ${Math.min(...settled)} to ${Math.max(...settled)}`);
    expect(opinions.every(({ findings }) => findings.length === 3)).toBe(true);
    expect(mean).toBeGreaterThan(2);
    expect(mean).toBeLessThan(4.5);
    expect(adaptive.fake.refused).toBeLessThan(fixed.fake.refused / 2);
    expect(adaptive.analyst.state).toMatchObject({ state: 'up', active: 0, waiting: 0 });
  });

  test('with retry-after holds back the calls of all analyses, not only the one that was told', async () => {
    const { fake, analyse, analyst } = await start();
    fake.behave({ kind: 'status', status: 429, retryAfter: '3' });
    const notBefore = performance.now() + 3_000;
    const told = analyse();
    await fake.received(1);
    await expect.poll(() => analyst.state?.active, SOON).toBe(0);
    const other = analyse();
    await fake.received(2);
    expect(performance.now()).toBeGreaterThan(notBefore);
    expect((await Promise.all([told, other])).map(({ findings }) => findings.length)).toEqual([3, 3]);
  });

  test('which it says in the headers of a good answer: the next call waits for the reset named there', async () => {
    const { fake, analyse } = await start();
    const reset = new Date(Date.now() + 5_000);
    fake.behave({ kind: 'answer', nothingLeftUntil: reset });
    await analyse();
    expect(Date.now()).toBeLessThan(reset.getTime());
    const next = analyse();
    await fake.received(2);
    expect(Date.now()).toBeGreaterThanOrEqual(reset.getTime());
    await next;
  });

  test('told in the midst of a stream counts as one told by a status', async () => {
    const { fake, analyst, analyse } = await start();
    fake.behave({ kind: 'error-event', after: 0 });
    await analyse();
    expect(analyst.state?.limit).toBe(4);
  });
});

describe.concurrent('Claude that is down', () => {
  test('is left alone but for one call after each pause, and everybody who waited is served when it is back', { timeout: 60_000 }, async () => {
    const { fake, analyst, analyse } = await start({ delayMs: 20 });
    fake.always({ kind: 'status', status: 500 });
    const running = Promise.all(Array.from({ length: 12 }, () => analyse()));
    await expect.poll(() => analyst.state?.state, SOON).toBe('down');
    await fake.idle();
    const before = fake.requests.length;
    await fake.received(before + 2);
    await fake.idle();
    expect(fake.requests).toHaveLength(before + 2);
    expect(analyst.state).toMatchObject({ state: 'down', limit: 1 });
    fake.always({ kind: 'answer' });
    const opinions = await running;
    expect(opinions.every(({ findings }) => findings.length === 3)).toBe(true);
    expect(analyst.state).toEqual({ state: 'up', limit: 8, active: 0, waiting: 0 });
  });

  test('an analysis that only waited for it says why it got no answer', async () => {
    const { fake, analyst, analyse } = await start();
    fake.always({ kind: 'status', status: 529 });
    const end = new AbortController();
    const early = Promise.all(Array.from({ length: 8 }, () => failureOf(analyse(briefFor(), { signal: end.signal }))));
    await expect.poll(() => analyst.state?.state, SOON).toBe('down');
    const patience = new AbortController();
    const late = failureOf(analyse(briefFor(), { patience: patience.signal }));
    expect(analyst.state?.waiting).toBeGreaterThan(0);
    patience.abort();
    expect(await late).toMatchObject({ code: 'analyst_unavailable', reason: 'timeout', message: expect.stringContaining('overloaded') });
    end.abort(new Error('enough'));
    await early;
    expect(analyst.state).toMatchObject({ active: 0, waiting: 0 });
  });

  test('because it refuses the key is not waited for: once that is known, nobody asks in vain', async () => {
    const { fake, analyst, analyse } = await start();
    fake.always({ kind: 'status', status: 401 });
    for (let failures = 0; failures < 5; failures += 1) expect(await failureOf(analyse())).toMatchObject({ reason: 'auth' });
    expect(analyst.state?.state).toBe('down');
    expect(await failureOf(analyse())).toMatchObject({ code: 'analyst_unavailable', reason: 'auth', retryable: false });
    expect(fake.requests).toHaveLength(5);
  });

  test('is not believed to be back because the call that was to find out was cancelled', { timeout: 60_000 }, async () => {
    const { fake, analyst, analyse } = await start();
    fake.always({ kind: 'status', status: 500 });
    const end = new AbortController();
    const running = Promise.all(Array.from({ length: 5 }, () => failureOf(analyse(briefFor(), { signal: end.signal }))));
    await expect.poll(() => analyst.state?.state, SOON).toBe('down');
    await fake.idle();
    fake.always({ kind: 'stall', after: 0 });
    await fake.received(fake.requests.length + 1);
    end.abort(new Error('cancelled'));
    await running;
    expect(analyst.state).toMatchObject({ state: 'down', active: 0, waiting: 0 });
  });

  test.each([400, 404, 429] as const)('it is not when its answers are %i', async (status) => {
    const { fake, analyst, analyse } = await start();
    fake.always({ kind: 'status', status, ...(status === 429 ? { retryAfter: '3600' } : {}) });
    await Promise.all(Array.from({ length: 8 }, () => failureOf(analyse())));
    expect(analyst.state?.state).toBe('up');
  });
});

describe.concurrent('a budget', () => {
  /** Dollars that are left, and each reservation with what came of it. */
  function budgetOf(usd: number) {
    const entries: { reserved: number; spent: number | null }[] = [];
    const left = (): number => usd - entries.reduce((sum, { reserved, spent }) => sum + (spent ?? reserved), 0);
    const budget: Budget = {
      async reserve(mostUsd) {
        if (mostUsd > left()) throw new RenderError('budget_exceeded', 'Too dear.', { reason: 'job' });
        const entry = { reserved: mostUsd, spent: null as number | null };
        entries.push(entry);
        return (spentUsd) => {
          entry.spent = spentUsd;
        };
      },
    };
    return { budget, entries };
  }

  /** What is reserved for one call. */
  async function mostOfOne(): Promise<number> {
    const { analyse } = await start();
    const { budget, entries } = budgetOf(1);
    await analyse(briefFor(), { budget });
    return entries[0]?.reserved ?? 0;
  }

  test('is asked before the call for the most that it may cost, and given back what it did not cost', async () => {
    const { analyse } = await start();
    const { budget, entries } = budgetOf(1);
    const { usage } = await analyse(briefFor(), { budget });
    expect(entries).toEqual([{ reserved: expect.toSatisfy((usd: number) => usd > 0.16 && usd < 0.23), spent: usage.costUsd }]);
    expect(usage.costUsd).toBeGreaterThan(0);
    expect(usage.costUsd).toBeLessThan(0.16);
  });

  test('that the call may pass ends the analysis before it is made, and it is not tried again', async () => {
    const { fake, analyse, analyst } = await start();
    const { budget, entries } = budgetOf(0.1);
    expect(await failureOf(analyse(briefFor(), { budget }))).toMatchObject({ code: 'budget_exceeded', reason: 'job', usage: { costUsd: 0 } });
    expect([fake.requests.length, entries, analyst.state?.active]).toEqual([0, [], 0]);
  });

  test('is asked again before a second call: it may be spent by then', async () => {
    const { fake, analyse } = await start();
    fake.always({ kind: 'cut', after: 0 });
    const { budget, entries } = budgetOf(await mostOfOne());
    const failure = await failureOf(analyse(briefFor(), { budget }));
    expect(failure).toMatchObject({ code: 'budget_exceeded', usage: { costUsd: entries[0]?.spent } });
    expect([fake.requests.length, entries.length]).toEqual([1, 1]);
    expect(entries[0]?.spent).toBeGreaterThan(0);
  });

  test('spent after findings were complete leaves them', async () => {
    const { fake, analyse } = await start();
    fake.always({ kind: 'cut', after: 1 });
    const { budget } = budgetOf(await mostOfOne());
    const opinion = await analyse(briefFor(), { budget });
    expect(opinion.findings).toHaveLength(1);
    expect(opinion.summary).toContain('broke off');
  });

  test.each(['while Claude writes', 'before it answers'])('gets the rest back when the analysis is cancelled %s', async (when) => {
    const { fake, analyse } = await start(when === 'while Claude writes' ? { chunkDelayMs: 10 } : { delayMs: 60_000 });
    const { budget, entries } = budgetOf(1);
    const end = new AbortController();
    const running = failureOf(analyse(briefFor(), { budget, signal: end.signal, onFinding: () => end.abort() }));
    await fake.received(1);
    if (when === 'before it answers') end.abort();
    await running;
    expect(entries).toEqual([{ reserved: expect.any(Number), spent: expect.toSatisfy((usd: number) => usd < 0.1) }]);
  });

  test('pays for what was sent, also when the analysis is cancelled before Claude has said a word', async () => {
    const { fake, analyse } = await start();
    fake.always({ kind: 'silence' });
    const { budget, entries } = budgetOf(await mostOfOne());
    const end = new AbortController();
    const running = failureOf(analyse(briefFor(), { budget, signal: end.signal }));
    await fake.received(1);
    end.abort();
    await running;
    expect(entries).toEqual([{ reserved: expect.any(Number), spent: expect.toSatisfy((usd: number) => usd > 0.001 && usd < 0.1) }]);
    expect(await failureOf(analyse(briefFor(), { budget }))).toMatchObject({ code: 'budget_exceeded' });
    expect(fake.requests).toHaveLength(1);
  });

  test('pays for calls that stay silent until the idle limit, and there are three of these at most', async () => {
    const { fake, analyse } = await start({}, { idleTimeoutMs: 300 });
    fake.always({ kind: 'silence' });
    const { budget, entries } = budgetOf(1);
    const failure = await failureOf(analyse(briefFor(), { budget }));
    expect(fake.requests).toHaveLength(3);
    const spent = entries.map((entry) => entry.spent ?? 0);
    expect(spent).toEqual([expect.toSatisfy((usd: number) => usd > 0.001), spent[0], spent[0]]);
    expect(failure).toMatchObject({ reason: 'stalled', usage: { outputTokens: 0, costUsd: expect.closeTo(3 * (spent[0] ?? 0), 5) } });
  });

  test.each([
    ['nobody listens', true],
    ['the connection is not made before patience ends', false],
  ])('pays nothing where %s', async (_, refused) => {
    // TLS that is never answered: connected, and yet not a byte of the request can go out.
    const mute = createServer((socket) => socket.on('error', () => {}).resume()).listen(0, '127.0.0.1');
    await once(mute, 'listening');
    const address = mute.address();
    if (address === null || typeof address === 'string') throw new Error('the server has no port');
    if (refused) mute.close();
    const analyst = createClaudeAnalyst({
      apiKey: 'test-key', baseURL: `https://127.0.0.1:${address.port}`, model: 'claude-sonnet-5-5', concurrency: 8, logger: pino({ level: 'silent' }),
    });
    const { budget, entries } = budgetOf(0.3);
    const failure = await failureOf(analyst.analyse(briefFor(), { signal: new AbortController().signal, onFinding: () => {}, budget, patience: AbortSignal.timeout(500) }));
    expect(failure).toMatchObject({ reason: 'timeout', usage: { inputTokens: 0, costUsd: 0 } });
    expect(new Set(entries.map(({ spent }) => spent))).toEqual(new Set([0]));
    mute.close();
  });

  test('pays nothing for calls that Claude turned away', async () => {
    const { fake, analyse } = await start();
    fake.behave({ kind: 'status', status: 529 }, { kind: 'status', status: 500 });
    const { budget, entries } = budgetOf(0.3);
    await analyse(briefFor(), { budget });
    expect(entries.map(({ spent }) => (spent ?? 0) > 0)).toEqual([false, false, true]);
  });

  test('counts a model whose price is not known as the dearest that is', async () => {
    const { analyse } = await start();
    const [unknown, opus] = [budgetOf(1), budgetOf(1)];
    const { usage } = await analyse(briefFor({ model: 'claude-next-9' }), { budget: unknown.budget });
    await analyse(briefFor({ model: 'claude-opus-5-5' }), { budget: opus.budget });
    expect(unknown.entries[0]?.reserved).toBe(opus.entries[0]?.reserved);
    expect(unknown.entries[0]?.spent).toBeGreaterThan(0);
    expect(usage.costUsd).toBeNull();
  });
});

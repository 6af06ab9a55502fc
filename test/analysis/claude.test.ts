import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Finding } from '@cro-analyzer/protocol/messages';
import { pino } from 'pino';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { AnalystFailure, type AnalystOptions, type Brief, type Opinion } from '../../render-server/src/analysis/analyst.ts';
import { createClaudeAnalyst, type ClaudeOptions } from '../../render-server/src/analysis/claude.ts';
import { briefFor, SMALL_VIEW } from '../support/claude-brief.ts';
import { checkOf, elementOf, evidenceOf } from '../support/evidence.ts';
import { composeAnswer } from '../support/fake-claude-answer.ts';
import type { ClaudeRequest } from '../support/fake-claude-request.ts';
import { startFakeClaude, type Behaviour, type FakeClaude, type FakeClaudeOptions } from '../support/fake-claude.ts';

const open: FakeClaude[] = [];
afterAll(async () => {
  await Promise.all(open.map((fake) => fake.close()));
});

async function start(fakeOptions: FakeClaudeOptions = {}, claudeOptions: Partial<ClaudeOptions> = {}) {
  const fake = await startFakeClaude(fakeOptions);
  open.push(fake);
  const analyst = createClaudeAnalyst({
    apiKey: 'test-key', baseURL: fake.baseURL, model: 'claude-sonnet-5-5', concurrency: 4, idleTimeoutMs: 5_000, logger: pino({ level: 'silent' }), ...claudeOptions,
  });
  return { fake, analyst };
}

const brief = briefFor();

const neverAborted = new AbortController().signal;

async function analyse(analyst: ReturnType<typeof createClaudeAnalyst>, about = brief, options: Partial<AnalystOptions> = {}): Promise<{ opinion: Opinion; shown: Finding[] }> {
  const shown: Finding[] = [];
  const opinion = await analyst.analyse(about, { signal: neverAborted, onFinding: (finding) => shown.push(finding), ...options });
  return { opinion, shown };
}

/** Resolves when the last call has got its answer, and none is open. */
const answered = (analyst: ReturnType<typeof createClaudeAnalyst>): Promise<boolean> => vi.waitUntil(() => analyst.state?.active === 0, { interval: 10, timeout: 20_000 });

describe.concurrent('an answer', () => {
  test('becomes findings that rest on the elements and failed checks of that very page', async () => {
    const { fake, analyst } = await start();
    const other = briefFor({}, {
      evidence: evidenceOf({ title: 'Plumber in Leeds', views: [{ ...SMALL_VIEW, elements: [elementOf({ id: 'd41', text: 'Call us', selector: '#call', cta: 'primary' })] }] }),
      checks: [checkOf({ id: 'contact.present', status: 'fail', device: null, value: 'no phone number', elements: ['d41'] })],
    });
    const [mug, plumber] = [await analyse(analyst), await analyse(analyst, other)];
    expect(mug.opinion.findings.map((finding) => [finding.checks, finding.elements.map(({ selector }) => selector), finding.verdict])).toEqual([
      [['cta.fold@desktop'], ['#buy'], 'confirmed'],
      [[], ['#buy'], 'confirmed'],
      [['hero.text@desktop'], [], 'confirmed'],
    ]);
    expect(plumber.opinion.findings.map((finding) => finding.elements[0]?.selector)).toEqual(['#call', '#call']);
    expect(plumber.opinion.summary).toContain('Plumber in Leeds');
    expect(fake.complaints).toEqual([]);
  });

  test('is shown finding by finding while Claude is still writing, under ids that the result keeps', async () => {
    const { fake, analyst } = await start({ chunkDelayMs: 1 });
    const seen: [string, number][] = [];
    const opinion = await analyst.analyse(brief, { signal: neverAborted, onFinding: ({ id }) => seen.push([id, fake.active]) });
    expect(seen).toEqual([['f1', 1], ['f2', 1], ['f3', 1]]);
    expect(opinion.findings.map(({ id, priority }) => [id, priority])).toEqual([['f1', 1.9], ['f3', 1.5], ['f2', 1.2]]);
  });

  test('that names what the page does not have is removed, counted and never shown', async () => {
    const { fake, analyst } = await start();
    fake.behave({
      kind: 'answer',
      answer: () => ({ summary: 'S', findings: [{ title: 'Invented', section: 's', whatIsWrong: 'w', whyItMatters: 'y', recommendations: [], category: 'trust', claimKind: 'absence', severity: 'high', impact: 5, effort: 1, elements: [], checks: ['reviews.present@desktop'] }] }),
    });
    const { opinion, shown } = await analyse(analyst);
    expect([opinion.findings, shown]).toEqual([[], []]);
    expect(opinion.rejected).toMatchObject([{ title: 'Invented' }]);
  });

  test('without findings is an answer', async () => {
    const { fake, analyst } = await start();
    fake.behave({ kind: 'text', text: '{"summary":"A good page.","findings":[]}' });
    expect((await analyse(analyst)).opinion).toMatchObject({ summary: 'A good page.', findings: [] });
    expect(fake.requests).toHaveLength(1);
  });

  test('has its tokens and cost counted, the cached instructions apart; a model without a known price has no cost', async () => {
    const { analyst } = await start();
    const [first, second] = [(await analyse(analyst)).opinion.usage, (await analyse(analyst)).opinion.usage];
    expect(first).toMatchObject({ cacheReadTokens: 0, cacheWriteTokens: second.cacheReadTokens, inputTokens: second.inputTokens });
    expect(second.cacheReadTokens).toBeGreaterThan(500);
    const expected = (first.inputTokens * 2 + first.cacheWriteTokens * 2.5 + first.outputTokens * 10) / 1e6;
    expect(first.costUsd).toBeCloseTo(expected, 6);
    const unknown = (await analyse(analyst, briefFor({ model: 'claude-next-9' }))).opinion;
    expect([unknown.model, unknown.usage.costUsd]).toEqual(['claude-next-9', null]);
  });
});

describe.concurrent('trouble that passes is met by calling again', () => {
  test.each<Behaviour>([
    { kind: 'status', status: 429, retryAfter: '0' },
    { kind: 'status', status: 500 },
    { kind: 'status', status: 503 },
    { kind: 'status', status: 529 },
    { kind: 'error-event', after: 0 },
    { kind: 'cut', after: 0 },
    { kind: 'eof', after: 0 },
    { kind: 'text', text: 'I am sorry, here is your JSON' },
  ])('after %j', async (trouble) => {
    const { fake, analyst } = await start();
    fake.behave(trouble);
    const { opinion } = await analyse(analyst);
    expect(opinion.findings).toHaveLength(3);
    expect(opinion.limits).toEqual([]);
    expect(fake.requests).toHaveLength(2);
  });

  test('after a stall, once its idle limit is over', async () => {
    const { fake, analyst } = await start({}, { idleTimeoutMs: 1_500 });
    fake.behave({ kind: 'stall' });
    const { opinion, shown } = await analyse(analyst);
    expect(opinion.findings).toHaveLength(3);
    expect(shown.map(({ id }) => id)).toEqual(['f1', 'f2', 'f3']);
    expect(fake.requests).toHaveLength(2);
    await fake.idle();
  });

  test.each(['error-event', 'cut', 'eof'] as const)('and a finding shown before the %s is not shown twice', async (kind) => {
    const { fake, analyst } = await start();
    fake.behave({ kind, after: 2 });
    const { opinion, shown } = await analyse(analyst);
    expect(shown.map(({ id, checks: keys }) => [id, ...keys])).toEqual([['f1', 'cta.fold@desktop'], ['f2', 'hero.text@desktop'], ['f3']]);
    expect(opinion.findings.map(({ id }) => id).sort()).toEqual(['f1', 'f2', 'f3']);
  });

  test('and what only the first call had found is not kept beside a whole second answer', async () => {
    const { fake, analyst } = await start();
    const findings = (title: string) => ({ kind: 'answer' as const, answer: (asked: ClaudeRequest) => ({ ...composeAnswer(asked), findings: composeAnswer(asked).findings.slice(2).map((finding) => ({ ...finding, title })) }) });
    fake.behave({ kind: 'cut', after: 2 }, findings('Said otherwise'));
    const { opinion, shown } = await analyse(analyst);
    expect(shown.map(({ id }) => id)).toEqual(['f1', 'f2', 'f3']);
    expect(opinion.findings.map(({ id, title }) => [id, title])).toEqual([['f3', 'Said otherwise']]);
  });

  test('and the tokens of every call are paid for', async () => {
    const { fake, analyst } = await start();
    const once = (await analyse(analyst)).opinion.usage;
    fake.behave({ kind: 'eof' });
    const twice = (await analyse(analyst)).opinion.usage;
    expect(twice.inputTokens).toBe(2 * once.inputTokens);
    expect(twice.outputTokens).toBeGreaterThan(once.outputTokens);
  });

  test('but silence with pings is thought, not a stall', async () => {
    const { fake, analyst } = await start({ delayMs: 2_500 }, { idleTimeoutMs: 2_000 });
    expect((await analyse(analyst)).opinion.findings).toHaveLength(3);
    expect(fake.requests).toHaveLength(1);
  });
});

describe.concurrent('trouble that stays', () => {
  test.each([
    [401, 'auth', /ANTHROPIC_API_KEY/],
    [403, 'auth', /ANTHROPIC_API_KEY/],
    [400, 'bad_request', /did not accept/],
    [413, 'bad_request', /did not accept/],
    [404, 'model', /"claude-sonnet-5-5"/],
  ] as const)('HTTP %i ends at once with reason %s', async (status, reason, message) => {
    const { fake, analyst } = await start();
    fake.behave({ kind: 'status', status });
    await expect(analyse(analyst)).rejects.toMatchObject({ code: 'analyst_unavailable', reason, retryable: false, message: expect.stringMatching(message) });
    expect(fake.requests).toHaveLength(1);
  });

  test('a wrong key ends at once', async () => {
    const { analyst } = await start({ apiKey: 'another' });
    await expect(analyse(analyst)).rejects.toMatchObject({ code: 'analyst_unavailable', reason: 'auth' });
  });

  test('and costs nothing is met by calling on until patience ends; the failure says what it was', async () => {
    const { fake, analyst } = await start();
    fake.always({ kind: 'status', status: 529 });
    const patience = new AbortController();
    const running = analyse(analyst, brief, { patience: patience.signal }).catch((error: unknown) => error);
    await fake.received(4);
    await answered(analyst);
    patience.abort();
    expect(await running).toMatchObject({ code: 'analyst_unavailable', reason: 'timeout', retryable: true, message: expect.stringContaining('overloaded'), usage: { inputTokens: 0, costUsd: 0 } });
  });

  test.each<Behaviour>([
    { kind: 'text', text: 'I am sorry, here is your JSON' },
    { kind: 'error-event', after: 0 },
    { kind: 'cut', after: 0 },
  ])('and costs its input each time is given up after three answers: %j', async (trouble) => {
    const { fake, analyst } = await start();
    fake.always(trouble);
    await expect(analyse(analyst)).rejects.toMatchObject({ code: 'analyst_unavailable', retryable: true });
    expect(fake.requests).toHaveLength(3);
  });

  test('a wait longer than a minute is not sat out but passed on', async () => {
    const { fake, analyst } = await start();
    fake.behave({ kind: 'status', status: 429, retryAfter: '3600' });
    await expect(analyse(analyst)).rejects.toMatchObject({ code: 'analyst_unavailable', reason: 'rate_limited', retryAfterMs: 3_600_000 });
    expect(fake.requests).toHaveLength(1);
  });

  test('streams that are cut before the first finding are no success', async () => {
    const { fake, analyst } = await start();
    fake.behave(...Array.from({ length: 3 }, (): Behaviour => ({ kind: 'eof', after: 0 })));
    await expect(analyse(analyst)).rejects.toMatchObject({ code: 'analyst_unavailable', reason: 'cut' });
  });

  test('streams that are cut later leave the findings that were complete, and say so', async () => {
    const { fake, analyst } = await start();
    fake.behave(...Array.from({ length: 3 }, (): Behaviour => ({ kind: 'cut', after: 1 })));
    const { opinion, shown } = await analyse(analyst);
    expect(opinion.findings.map(({ checks: keys }) => keys)).toEqual([['cta.fold@desktop']]);
    expect(shown).toHaveLength(1);
    expect(opinion.summary).toContain('broke off');
    expect(opinion.limits).toEqual([expect.stringContaining('broke off')]);
  });

  test('a server that nobody listens at is a connection that failed', async () => {
    const { fake, analyst } = await start();
    await fake.close();
    const failure = expect.objectContaining({ code: 'analyst_unavailable', reason: 'timeout', message: expect.stringContaining('cannot be reached') });
    await expect(analyse(analyst, brief, { patience: AbortSignal.timeout(500) })).rejects.toEqual(failure);
    expect(fake.requests).toHaveLength(0);
  });
});

describe.concurrent('Claude stops', () => {
  test('by refusal: analyst_refused, and no second call', async () => {
    const { fake, analyst } = await start();
    fake.behave({ kind: 'refusal' });
    await expect(analyse(analyst)).rejects.toMatchObject({ code: 'analyst_refused' });
    expect(fake.requests).toHaveLength(1);
  });

  test('at its length limit: the complete findings are kept, and the summary says that there may be more', async () => {
    const { fake, analyst } = await start();
    fake.behave({ kind: 'max-tokens', after: 2 });
    const { opinion } = await analyse(analyst);
    expect(opinion.findings).toHaveLength(2);
    expect(opinion.summary).toContain('may have had more findings');
    expect(fake.requests).toHaveLength(1);
  });

  test('at its length limit before a finding is complete: no success', async () => {
    const { fake, analyst } = await start();
    fake.behave({ kind: 'max-tokens', after: 0 });
    await expect(analyse(analyst)).rejects.toMatchObject({ code: 'analyst_unavailable', reason: 'truncated' });
  });
});

describe.concurrent('when patience ends', () => {
  const sixChecks = ['a.a', 'b.b', 'c.c', 'd.d', 'e.e', 'f.f'].map((id) => checkOf({ id, elements: ['d2'] }));

  test.each([{ chunkDelayMs: 5 }, { atOnce: true }])('the findings that were complete are the answer, and it says that there may be more: %j', async (how) => {
    const { fake, analyst } = await start(how);
    const patience = new AbortController();
    const shown: string[] = [];
    const opinion = await analyst.analyse(briefFor({}, { checks: sixChecks }), {
      signal: neverAborted, patience: patience.signal,
      onFinding({ id }) {
        shown.push(id);
        if (shown.length === 2) patience.abort();
      },
    });
    expect(opinion.findings.map(({ id }) => id).sort()).toEqual(['f1', 'f2']);
    expect(opinion.summary).toContain('broke off');
    expect(opinion.limits).toEqual([expect.stringContaining('broke off')]);
    expect(opinion.usage.outputTokens).toBeGreaterThan(50);
    await fake.idle();
    await nextTurn(); // what had come by then has been read to its end
    expect([shown, fake.requests.length]).toEqual([['f1', 'f2'], 1]);
  });

  test('before a finding is complete, the failure tells what was spent', async () => {
    const { fake, analyst } = await start();
    fake.behave({ kind: 'eof', after: 0 }, { kind: 'status', status: 500, retryAfter: '50' });
    const patience = new AbortController();
    const running = analyse(analyst, brief, { patience: patience.signal }).catch((error: unknown) => error);
    await fake.received(2);
    await answered(analyst);
    patience.abort();
    const failure = await running;
    expect(failure).toMatchObject({ code: 'analyst_unavailable', reason: 'timeout', retryable: true });
    if (!(failure instanceof AnalystFailure)) throw failure;
    expect(failure.usage.inputTokens).toBe((await analyse(analyst)).opinion.usage.inputTokens);
    expect(failure.usage.outputTokens).toBeGreaterThan(10);
    expect(failure.usage.costUsd).toBeGreaterThan(0);
    await fake.idle();
  });

  test('before Claude is asked, it is not asked', async () => {
    const { fake, analyst } = await start();
    await expect(analyse(analyst, brief, { patience: AbortSignal.abort() })).rejects.toMatchObject({ reason: 'timeout', usage: { inputTokens: 0, costUsd: 0 } });
    expect(fake.requests).toHaveLength(0);
  });

  test('the job\'s own signal still ends it with its own reason', async () => {
    const { analyst } = await start();
    const reason = new Error('the job was cancelled');
    await expect(analyse(analyst, brief, { signal: AbortSignal.abort(reason), patience: AbortSignal.abort() })).rejects.toBe(reason);
  });
});

test('a failure that comes of itself tells what was spent, too', async () => {
  const { fake, analyst } = await start();
  fake.behave({ kind: 'max-tokens', after: 0 });
  await expect(analyse(analyst)).rejects.toMatchObject({ reason: 'truncated', usage: { inputTokens: expect.toSatisfy((tokens: number) => tokens > 100), costUsd: expect.toSatisfy((cost: number) => cost > 0) } });
});

describe.concurrent('an abort ends the analysis with its reason', () => {
  const reason = new Error('the job was cancelled');

  test('while Claude writes, and the connection is closed', async () => {
    const { fake, analyst } = await start({ chunkDelayMs: 20 });
    const controller = new AbortController();
    await expect(analyst.analyse(brief, { signal: controller.signal, onFinding: () => controller.abort(reason) })).rejects.toBe(reason);
    await fake.idle();
  });

  test('while it waits for a free call, which it then never makes', async () => {
    const { fake, analyst } = await start({ delayMs: 60_000 }, { concurrency: 1 });
    const [first, second] = [new AbortController(), new AbortController()];
    const running = analyse(analyst, brief, { signal: first.signal });
    await fake.received(1);
    const waiting = analyse(analyst, brief, { signal: second.signal });
    second.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    first.abort(reason);
    await expect(running).rejects.toBe(reason);
    await fake.idle();
    expect(fake.requests).toHaveLength(1);
  });

  test('while it backs off, without sitting it out or holding a call', async () => {
    const { fake, analyst } = await start({}, { concurrency: 1 });
    fake.behave({ kind: 'status', status: 500, retryAfter: '50' });
    const controller = new AbortController();
    const running = analyse(analyst, brief, { signal: controller.signal });
    await fake.received(1);
    await analyse(analyst);
    controller.abort(reason);
    await expect(running).rejects.toBe(reason);
    expect(fake.requests).toHaveLength(2);
  });

  test('before it begins', async () => {
    const { fake, analyst } = await start();
    await expect(analyse(analyst, brief, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(fake.requests).toHaveLength(0);
  });
});

test('no more calls are open at once than allowed, and all analyses end', async () => {
  const { fake, analyst } = await start({ delayMs: 50 }, { concurrency: 2 });
  const opinions = await Promise.all(Array.from({ length: 7 }, () => analyse(analyst)));
  expect(opinions.every(({ opinion }) => opinion.findings.length === 3)).toBe(true);
  expect(fake.peakConcurrency).toBe(2);
  expect(fake.requests).toHaveLength(7);
});

test('an analysis that waits for a free call has not written its prompt yet: its pictures are not held twice', async () => {
  const { fake, analyst } = await start({ delayMs: 60_000 }, { concurrency: 1 });
  const end = new AbortController();
  const running = analyse(analyst, brief, { signal: end.signal });
  await fake.received(1);
  let read = 0;
  const watched: Brief = { ...brief, get evidence() { read += 1; return brief.evidence; } };
  const waiting = analyse(analyst, watched, { signal: end.signal });
  end.abort(new Error('enough'));
  await expect(Promise.all([running, waiting])).rejects.toThrow('enough');
  expect(read).toBe(0);
});

test('no more findings are shown than the result holds, and they are the same', async () => {
  const { fake, analyst } = await start();
  fake.behave({ kind: 'answer', answer: (asked) => {
    const [finding] = composeAnswer(asked).findings;
    if (finding === undefined) throw new Error('there is nothing to find');
    return { summary: 'S', findings: [1, 2, 3, 4, 5].map((n) => ({ ...finding, title: `Number ${n}`, claimKind: 'visual', checks: [], impact: n })) };
  } });
  const { opinion, shown } = await analyse(analyst, briefFor({ maxFindings: 3 }));
  expect(shown.map(({ id }) => id)).toEqual(['f1', 'f2', 'f3']);
  expect(opinion.findings.map(({ id }) => id).sort()).toEqual(['f1', 'f2', 'f3']);
});

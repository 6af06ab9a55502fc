import { setTimeout as delay } from 'node:timers/promises';
import type { ServerFrame } from '@cro-analyzer/protocol/messages';
import { afterEach, describe, expect, it } from 'vitest';
import { startCountedSite, type CountedSite } from '../support/counted-site.ts';
import { composeAnswer, type FakeAnswer } from '../support/fake-claude-answer.ts';
import type { ClaudeRequest } from '../support/fake-claude-request.ts';
import { startFakeClaude, type FakeClaude } from '../support/fake-claude.ts';
import { RawSocket } from '../support/raw-socket.ts';
import { startServer, type TestServer } from '../support/server.ts';

const JOBS = 40;
const SLOTS = 4;
const CLAUDE_MS = 10_000;

let claude: FakeClaude;
let site: CountedSite;
let server: TestServer;

async function start(queueMax: number): Promise<RawSocket> {
  claude = await startFakeClaude({ delayMs: CLAUDE_MS });
  site = await startCountedSite();
  server = await startServer({
    CRO_BROWSERS: '2', CRO_PAGES_PER_BROWSER: '2', CRO_CREDIT: '100', CRO_QUEUE_MAX: String(queueMax), CRO_CLAUDE_CONCURRENCY: String(JOBS),
    ANTHROPIC_API_KEY: 'test-key', ANTHROPIC_BASE_URL: claude.baseURL,
  });
  return RawSocket.hello(server.url);
}

afterEach(async () => {
  await server.close();
  await site.close();
  await claude.close();
});

const submit = (socket: RawSocket, n: number): void =>
  socket.send({ type: 'submit', ref: `r${n}`, idempotencyKey: `order-number-${n}`, request: { url: `${site.origin}/?n=${n}`, analyst: 'claude' } });

const ends = (socket: RawSocket): number => socket.of('result').length + socket.of('failed').length;

describe('40 submits at once on 2 browsers with 2 pages each, and a Claude that takes 10 s', () => {
  it('all finish with a queue of 60, on four pages at most, none of them held while Claude writes', async () => {
    const socket = await start(60);
    const heldWhileWriting: string[] = [];
    const answer = (request: ClaudeRequest): FakeAnswer => {
      const n = /Offer number (\d+)/.exec(request.text)?.[1] ?? 'unknown';
      if (n === 'unknown' || site.open.has(n)) heldWhileWriting.push(n);
      return composeAnswer(request);
    };
    claude.behave(...Array.from({ length: JOBS }, () => ({ kind: 'answer' as const, answer })));
    for (let n = 1; n <= JOBS; n += 1) submit(socket, n);
    await socket.until(() => ends(socket) === JOBS);
    expect(socket.of('failed')).toEqual([]);
    expect(socket.of('rejected')).toEqual([]);
    expect(new Set(socket.of('result').map(({ job }) => job)).size).toBe(JOBS);
    expect(site.peak).toBeLessThanOrEqual(SLOTS);
    expect(site.peak).toBeGreaterThan(1);
    expect(heldWhileWriting).toEqual([]);
    expect(claude.peakConcurrency).toBeGreaterThan(SLOTS);
    expect(claude.requests).toHaveLength(JOBS);
    expect(server.app.pool.slots).toEqual({ total: SLOTS, ready: SLOTS, busy: 0 });
  }, 180_000);

  it('with a queue of 20 the rest get queue_full with a time, and come through when tried again after it', async () => {
    const socket = await start(20);
    for (let n = 1; n <= JOBS; n += 1) submit(socket, n);
    await socket.until(() => socket.of('accepted').length + socket.of('rejected').length === JOBS);
    const refused = socket.of('rejected');
    expect(refused.length).toBeGreaterThanOrEqual(JOBS - 20 - SLOTS);
    for (const { error } of refused) expect(error).toMatchObject({ code: 'queue_full', retryable: true, retryAfterMs: expect.toSatisfy((ms: number) => ms > 0 && ms <= 60_000) });

    const tryAgain = async (ref: string, retryAfterMs: number): Promise<void> => {
      await delay(retryAfterMs);
      const before = socket.of('rejected').length;
      submit(socket, Number(ref.slice(1)));
      const again = (): ServerFrame | undefined => socket.of('rejected').slice(before).find((frame) => frame.ref === ref);
      await socket.until(() => socket.of('accepted').some((frame) => frame.ref === ref) || again() !== undefined);
      const frame = again();
      if (frame?.type === 'rejected') await tryAgain(ref, frame.error.retryAfterMs ?? 0);
    };
    await Promise.all(refused.map(({ ref, error }) => tryAgain(ref ?? '', error.retryAfterMs ?? 0)));
    await socket.until(() => ends(socket) === JOBS);
    expect(socket.of('failed')).toEqual([]);
    expect(new Set(socket.of('result').map(({ job }) => job)).size).toBe(JOBS);
  }, 180_000);
});

import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { CallFailed } from '../../render-server/src/analysis/call.ts';
import { Gate } from '../../render-server/src/analysis/gate.ts';
import { RenderError } from '../../render-server/src/errors.ts';

const never = new AbortController().signal;
const fault = new CallFailed(new RenderError('analyst_unavailable', 'A fault.', { reason: 'faulty' }), true);

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

const gateOf = (max = 8): Gate => new Gate(max, pino({ level: 'silent' }));

/** A call through the gate that ends when it is told to. */
function open(gate: Gate, signal = never) {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const call = { begun: false, answer: () => resolve(), fail: (error: unknown = fault) => reject(error), ended: Promise.resolve() };
  call.ended = gate.pass(() => {
    call.begun = true;
    return promise;
  }, signal).catch(() => {});
  return call;
}

/** Ends calls so that the service is taken for down. */
async function breakDown(gate: Gate): Promise<void> {
  for (let failures = 0; failures < 5; failures += 1) {
    const call = open(gate);
    await vi.advanceTimersByTimeAsync(0);
    call.fail();
    await call.ended;
  }
  expect(gate.state.state).toBe('down');
}

describe('while the service is down, the call that goes first after a pause', () => {
  test('lets the next one go first at once when it ended for a reason of its own: no money, or cancelled', async () => {
    const gate = gateOf();
    await breakDown(gate);
    const [poor, cancelled, good, after] = [open(gate), open(gate), open(gate), open(gate)];
    await vi.advanceTimersByTimeAsync(1_000);
    expect([poor.begun, cancelled.begun]).toEqual([true, false]);
    poor.fail(new RenderError('budget_exceeded', 'Too dear.', { reason: 'job' }));
    await poor.ended;
    expect([cancelled.begun, good.begun, gate.state.state]).toEqual([true, false, 'down']);
    cancelled.fail(new Error('cancelled'));
    await cancelled.ended;
    expect([good.begun, after.begun, gate.state.state]).toEqual([true, false, 'down']);
    good.answer();
    await good.ended;
    expect([after.begun, gate.state]).toEqual([true, { state: 'up', limit: 8, active: 1, waiting: 0 }]);
  });

  test('does not wait for calls that began before', async () => {
    const gate = gateOf(2);
    const long = open(gate);
    await breakDown(gate);
    const first = open(gate);
    await vi.advanceTimersByTimeAsync(999);
    expect(first.begun).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect([first.begun, long.begun, gate.state.active]).toEqual([true, true, 2]);
  });

  test('is waited for longer after each failure of the service, and not for those of calls from before', async () => {
    const gate = gateOf();
    const [old, older] = [open(gate), open(gate)];
    await breakDown(gate);
    old.fail();
    await old.ended;
    const [first, second] = [open(gate), open(gate)];
    await vi.advanceTimersByTimeAsync(1_000);
    expect(first.begun).toBe(true);
    first.fail();
    older.fail();
    await Promise.all([first.ended, older.ended]);
    await vi.advanceTimersByTimeAsync(1_999);
    expect(second.begun).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(second.begun).toBe(true);
  });
});

describe('a service that was down', () => {
  test.each([
    ['answered', undefined],
    ['told of a rate limit', new CallFailed(new RenderError('analyst_unavailable', 'Slowly.', { reason: 'rate_limited' }), true)],
  ])('is back as soon as a call from before is %s: nobody waits for the end of the pause', async (_, how) => {
    const gate = gateOf();
    const long = open(gate);
    await breakDown(gate);
    const waiting = [open(gate), open(gate)];
    await vi.advanceTimersByTimeAsync(10);
    expect(waiting.map(({ begun }) => begun)).toEqual([false, false]);
    if (how === undefined) long.answer();
    else long.fail(how);
    await long.ended;
    expect([gate.state.state, ...waiting.map(({ begun }) => begun)]).toEqual(['up', true, true]);
  });

  test('is not said to be down for ever when nobody calls it; one call goes first all the same', async () => {
    const gate = gateOf();
    await breakDown(gate);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(gate.state.state).toBe('down');
    await vi.advanceTimersByTimeAsync(600_000);
    expect(gate.state.state).toBe('up');
    const [first, second] = [open(gate), open(gate)];
    await vi.advanceTimersByTimeAsync(0);
    expect([first.begun, second.begun]).toEqual([true, false]);
    first.fail();
    await first.ended;
    expect(gate.state.state).toBe('down');
  });
});

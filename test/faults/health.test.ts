import { afterEach, describe, expect, it } from 'vitest';
import { judge, type Health, type Pressure } from '../../render-server/src/telemetry/health.ts';
import { RawSocket } from '../support/raw-socket.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { startSite, type Site } from '../support/site.ts';

const FINE: Omit<Pressure, 'accepting'> = {
  slots: { total: 4, ready: 4, busy: 0 },
  queue: { length: 0, max: 10, oldestMs: 0 },
  running: 0, waitMs: 0,
  memory: { usedBytes: 1, limitBytes: 2, level: 'ok' },
  evidence: { bytes: 0, maxBytes: 1 },
  claude: { state: 'up', limit: 8, active: 0, waiting: 0 },
  drift: 1, credit: 100,
};
const WELL = { draining: false, storing: true, sandboxed: true, maxWaitMs: 1_000 };

describe('readiness', () => {
  it('is given with no reason and nothing degraded when all is well, also while every slot is busy', () => {
    expect(judge(FINE, WELL)).toMatchObject({ ready: true, reasons: [], degraded: [] });
    expect(judge({ ...FINE, slots: { total: 4, ready: 4, busy: 4 } }, WELL)).toMatchObject({ ready: true, reasons: [], degraded: [] });
  });

  it.each<[string, Partial<Pressure>, Partial<typeof WELL>]>([
    ['draining', {}, { draining: true }],
    ['no browser is running', { slots: { total: 4, ready: 0, busy: 0 } }, {}],
    ['the queue is full', { queue: { length: 10, max: 10, oldestMs: 0 } }, {}],
    ['the expected wait is too long', { waitMs: 1_001 }, {}],
    ['memory is full', { memory: { usedBytes: 2, limitBytes: 2, level: 'full' }, running: 1 }, {}],
    ['the store takes no writes', {}, { storing: false }],
  ])('is taken away when work would be refused or lost: %s', (reason, pressure, signs) => {
    expect(judge({ ...FINE, ...pressure }, { ...WELL, ...signs })).toMatchObject({ ready: false, reasons: [reason] });
  });

  it.each<[string, Partial<Pressure>, Partial<typeof WELL>]>([
    ['2 of 4 pages are ready', { slots: { total: 4, ready: 2, busy: 2 } }, {}],
    ['Claude does not answer', { claude: { state: 'down', limit: 1, active: 0, waiting: 3 } }, {}],
    ['Chromium runs without its sandbox', {}, { sandboxed: false }],
    ['the pool has slowed to 50 %', { drift: 2 }, {}],
    ['memory is tight', { memory: { usedBytes: 2, limitBytes: 2, level: 'tight' } }, {}],
  ])('stays, and what is worse than it should be is told: %s', (what, pressure, signs) => {
    expect(judge({ ...FINE, ...pressure }, { ...WELL, ...signs })).toMatchObject({ ready: true, reasons: [], degraded: [what] });
  });
});

describe('probes', () => {
  let server: TestServer;
  let site: Site | undefined;
  afterEach(async () => {
    await server.close();
    await site?.close();
  });

  const probe = async (path: string): Promise<{ status: number; body: Health }> => {
    const response = await fetch(server.url + path);
    return { status: response.status, body: await response.json() as Health };
  };

  it('answer while every slot holds a page that never yields, and touch no browser', async () => {
    site = await startSite({ '/spins': '<!doctype html><title>spin</title><h1>Busy</h1><script>for (;;) {}</script>' });
    server = await startServer({ CRO_PAGES_PER_BROWSER: '2' });
    const socket = await RawSocket.hello(server.url);
    const jobs: string[] = [];
    for (let n = 0; n < 4; n += 1) {
      socket.send({ type: 'submit', ref: `r${n}`, idempotencyKey: `busy-page-${n}`, request: { url: `${site.origin}/spins` } });
      jobs.push((await socket.next('accepted', ({ ref }) => ref === `r${n}`)).job);
    }
    await expect.poll(() => site?.hits.length).toBe(2);
    for (let n = 0; n < 50; n += 1) {
      expect(await probe('/healthz')).toMatchObject({ status: 200 });
      expect(await probe('/readyz')).toMatchObject({ status: 200, body: { ready: true, slots: { total: 2, ready: 2, busy: 2 } } });
    }
    expect(await probe('/pressure')).toMatchObject({ status: 200, body: { accepting: true, slots: { busy: 2 }, queue: { length: 2 }, running: 2 } });
    expect(site.hits).toHaveLength(2);
    expect(socket.of('failed')).toEqual([]); // every slot was busy to the end
    for (const job of jobs) socket.send({ type: 'cancel', job });
    await socket.until(() => socket.of('cancelled').length === 4);
    socket.close();
  });

  it('tell that a new job would have to wait too long, while it is refused for that', async () => {
    site = await startSite({ '/hang': () => {} });
    server = await startServer({ CRO_QUEUE_WAIT_MS: '1000', CRO_PAGES_PER_BROWSER: '1' });
    const socket = await RawSocket.hello(server.url);
    const submit = (ref: string): void => socket.send({ type: 'submit', ref, idempotencyKey: `hanging-${ref}`, request: { url: `${site?.origin}/hang` } });
    submit('r1');
    await expect.poll(() => server.app.jobs.counts).toEqual({ queued: 0, running: 1 });
    expect(await probe('/readyz')).toMatchObject({ status: 200 });
    for (let n = 2; socket.of('rejected').length === 0; n += 1) {
      submit(`r${n}`);
      await socket.until(() => socket.of('accepted').length + socket.of('rejected').length === n);
    }
    expect(socket.of('rejected')[0]?.error).toMatchObject({ code: 'overloaded', reason: 'wait' });
    expect(await probe('/readyz')).toMatchObject({ status: 503, body: { ready: false, reasons: ['the expected wait is too long'] } });
    expect(await probe('/pressure')).toMatchObject({ status: 200, body: { accepting: false } });
    const jobs = socket.of('accepted').map(({ job }) => job);
    for (const job of jobs) socket.send({ type: 'cancel', job });
    await socket.until(() => socket.of('cancelled').length === jobs.length);
    expect(await probe('/readyz')).toMatchObject({ status: 200 });
    socket.close();
  });

  it('tell a full queue and memory that is full, and take it back', async () => {
    let usedBytes = 1;
    site = await startSite({ '/hang': () => {} });
    server = await startServer({ CRO_QUEUE_MAX: '1', CRO_PAGES_PER_BROWSER: '1' }, { memory: () => ({ usedBytes, limitBytes: 100 }) });
    const socket = await RawSocket.hello(server.url);
    const submit = async (ref: string): Promise<string> => {
      socket.send({ type: 'submit', ref, idempotencyKey: `hanging-${ref}`, request: { url: `${site?.origin}/hang` } });
      return (await socket.next('accepted', (frame) => frame.ref === ref)).job;
    };
    const running = await submit('r1');
    await expect.poll(() => server.app.jobs.counts).toEqual({ queued: 0, running: 1 });
    const queued = await submit('r2');
    expect(await probe('/readyz')).toMatchObject({ status: 503, body: { ready: false, reasons: ['the queue is full'] } });
    expect(await probe('/healthz')).toMatchObject({ status: 200 });
    for (const job of [queued, running]) socket.send({ type: 'cancel', job });
    await socket.until(() => socket.of('cancelled').length === 2);
    expect(await probe('/readyz')).toMatchObject({ status: 200 });
    await submit('r3');
    usedBytes = 95;
    await expect.poll(() => probe('/readyz'), { timeout: 10_000 }).toMatchObject({ status: 503, body: { reasons: ['memory is full'] } });
    expect(await probe('/pressure')).toMatchObject({ status: 200, body: { accepting: false, memory: { level: 'full' } } });
    usedBytes = 1;
    await expect.poll(() => probe('/readyz'), { timeout: 10_000 }).toMatchObject({ status: 200, body: { ready: true } });
    socket.close();
  });
});

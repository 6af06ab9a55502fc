import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RawSocket } from '../support/raw-socket.ts';
import { startServer, type TestServer } from '../support/server.ts';

const NOWHERE = 'http://no-such-host.invalid/';

let server: TestServer;
beforeAll(async () => { server = await startServer(); });
afterAll(() => server.close());

/** Submits jobs that wait for a page, and cancels them: their ends come in this order. */
async function endJobs(count: number): Promise<string[]> {
  const socket = await RawSocket.hello(server.url);
  const ended: string[] = [];
  for (let n = 0; n < count; n += 1) {
    socket.send({ type: 'submit', ref: `r${n}`, idempotencyKey: crypto.randomUUID(), request: { url: NOWHERE } });
    const { job } = await socket.next('accepted', ({ ref }) => ref === `r${n}`);
    socket.send({ type: 'cancel', job });
    await socket.until(() => [...socket.of('cancelled'), ...socket.of('failed')].some((end) => end.job === job));
    ended.push(job);
  }
  socket.close();
  return ended;
}

describe('a subscription', () => {
  it('without a number tells what ends from now on, to every session of the key', async () => {
    await endJobs(1);
    const [first, second] = [await RawSocket.hello(server.url), await RawSocket.hello(server.url)];
    for (const socket of [first, second]) {
      socket.send({ type: 'subscribe' });
      await socket.next('subscribed');
    }
    const jobs = await endJobs(2);
    for (const socket of [first, second]) {
      await socket.until(() => socket.of('ended').length === 2);
      expect(socket.of('ended').map(({ job }) => job)).toEqual(jobs);
      socket.close();
    }
  });

  it('with a number tells first what ended since, then what follows, each once', async () => {
    const before = await server.app.jobs.lastEvent('local');
    const missed = await endJobs(2);
    const socket = await RawSocket.hello(server.url);
    socket.send({ type: 'subscribe', afterEvent: before });
    await socket.until(() => socket.of('ended').length === 2);
    const next = await endJobs(1);
    await socket.until(() => socket.of('ended').length === 3);
    expect(socket.of('ended').map(({ job }) => job)).toEqual([...missed, ...next]);
    expect(socket.of('subscribed')).toEqual([{ type: 'subscribed', event: socket.of('ended')[1]?.event }]);
    socket.close();
  });

  it('takes the place of an earlier one', async () => {
    const before = await server.app.jobs.lastEvent('local');
    const [job] = await endJobs(1);
    const socket = await RawSocket.hello(server.url);
    socket.send({ type: 'subscribe' });
    socket.send({ type: 'subscribe', afterEvent: before });
    await socket.next('ended', (event) => event.job === job);
    const [next] = await endJobs(1);
    await socket.next('ended', (event) => event.job === next);
    expect(socket.of('ended').map((event) => event.job)).toEqual([job, next]);
    socket.close();
  });

  it('that names a number which was never given begins with what comes', async () => {
    const socket = await RawSocket.hello(server.url);
    socket.send({ type: 'subscribe', afterEvent: 1_000_000_000 });
    const { event } = await socket.next('subscribed');
    expect(event).toBe(await server.app.jobs.lastEvent('local'));
    const [job] = await endJobs(1);
    await socket.next('ended', (ended) => ended.job === job);
    socket.close();
  });
});

describe('a batch over the socket', () => {
  const submit = async (urls: string[]): Promise<{ id: string; jobs: string[] }> => {
    const response = await fetch(`${server.url}/v1/batches`, { method: 'POST', body: JSON.stringify({ requests: urls.map((url) => ({ url })) }), headers: { 'content-type': 'application/json' } });
    return await response.json() as { id: string; jobs: string[] };
  };

  it('is told where it stands when it is watched, and once more at its end; subscribers hear of it after its jobs', async () => {
    const socket = await RawSocket.hello(server.url);
    socket.send({ type: 'subscribe' });
    await socket.next('subscribed');
    const { id, jobs } = await submit([NOWHERE, NOWHERE, NOWHERE]);
    socket.send({ type: 'watch', batch: id });
    const first = await socket.next('batch');
    expect(first).toMatchObject({ batch: id, counts: { jobs: 3 } });
    socket.send({ type: 'cancel', batch: id });
    const last = await socket.next('batch', ({ counts }) => counts.open === 0);
    expect(last.counts.done + last.counts.failed + last.counts.cancelled).toBe(3);
    const end = await socket.next('batch_ended');
    expect(end).toMatchObject({ batch: id, counts: last.counts });
    expect(socket.of('ended').filter(({ batch }) => batch === id).map(({ job }) => job).toSorted()).toEqual(jobs.toSorted());
    expect(socket.of('batch').length).toBeLessThanOrEqual(2);
    socket.close();
  });

  it('that has ended answers a watch with its counts, and is left alone by a cancel', async () => {
    const { id } = await submit([NOWHERE]);
    const socket = await RawSocket.hello(server.url);
    socket.send({ type: 'cancel', batch: id });
    const { counts } = await socket.next('batch', (frame) => frame.counts.open === 0);
    for (const type of ['watch', 'cancel']) {
      socket.frames.length = 0;
      socket.send({ type, batch: id });
      expect(await socket.next('batch')).toMatchObject({ counts });
    }
    socket.close();
  });

  it('needs a job or a batch, not both', async () => {
    const socket = await RawSocket.hello(server.url);
    socket.send({ type: 'watch', job: 'job_000000000000000000000000', batch: 'bat_000000000000000000000000' });
    expect((await socket.next('rejected')).error.code).toBe('bad_request');
    socket.frames.length = 0;
    socket.send({ type: 'watch', batch: 'bat_000000000000000000000000' });
    expect(await socket.next('rejected')).toMatchObject({ batch: 'bat_000000000000000000000000', error: { code: 'not_found' } });
    socket.close();
  });
});

describe('credit', () => {
  it('is lowered when memory gets tight and given back, is told when it changes, and cancels nothing', async () => {
    let usedBytes = 10;
    const tight = await startServer({ CRO_CREDIT: '10' }, { memory: () => ({ usedBytes, limitBytes: 100 }) });
    const socket = await RawSocket.hello(tight.url);
    expect(socket.of('welcome')).toMatchObject([{ credit: 10 }]);
    const submit = (n: number): void => socket.send({ type: 'submit', ref: `r${n}`, idempotencyKey: `number-${n}-of-them`, request: { url: NOWHERE } });
    for (let n = 0; n < 5; n += 1) submit(n);
    await socket.until(() => socket.of('accepted').length === 5);
    usedBytes = 89;
    const { credit } = await socket.next('credit');
    expect(credit).toBe(1);
    await socket.until(() => socket.of('failed').length === 5); // none was cancelled
    usedBytes = 10;
    await socket.next('credit', (frame) => frame.credit === 10);
    submit(6);
    await socket.next('accepted', ({ ref }) => ref === 'r6');
    socket.close();
    await tight.close();
  });

  it('that is used up refuses a submit with a time to come back', async () => {
    const small = await startServer({ CRO_CREDIT: '1' });
    const socket = await RawSocket.hello(small.url);
    for (const n of [1, 2]) socket.send({ type: 'submit', ref: `r${n}`, idempotencyKey: `number-${n}-of-them`, request: { url: NOWHERE } });
    expect(await socket.next('rejected')).toMatchObject({ ref: 'r2', error: { code: 'credit_exceeded', retryable: true, retryAfterMs: expect.any(Number) } });
    socket.close();
    await small.close();
  });
});

import { describe, expect, it } from 'vitest';
import { Outbox, type Outlet, type OutgoingFrame } from '../../render-server/src/gateway/outbox.ts';

const JOB = 'job_1';
const progress = (fraction: number, job = JOB) => ({ type: 'progress', job, stage: 'capturing', fraction, message: '' }) as const;
const failed = (job = JOB) => ({ type: 'failed', job, error: { code: 'page_error', message: 'x'.repeat(1_000), retryable: false } }) as const;
const snapshot = (job = JOB): OutgoingFrame => ({ type: 'snapshot', job, attempt: 1, stage: 'analysing', findings: [] });

/** A network whose fullness the test sets, and a store of ends that answers when the test says so. */
function slowNetwork() {
  const sent: { type: string; job?: string; seq?: number; fraction?: number }[] = [];
  const closed: number[] = [];
  const loads: { job: string; answer: PromiseWithResolvers<OutgoingFrame> }[] = [];
  let bufferedBytes = 0;
  const outlet: Outlet = {
    subprotocol: 'cro.v1.json',
    get bufferedBytes() {
      return bufferedBytes;
    },
    send: (data) => void sent.push(JSON.parse(String(data)) as { type: string }),
    close: (code) => void closed.push(code),
  };
  const outbox = new Outbox(outlet, (job) => {
    const answer = Promise.withResolvers<OutgoingFrame>();
    loads.push({ job, answer });
    return answer.promise;
  });
  return {
    outbox, sent, closed, loads,
    fill: (bytes: number) => { bufferedBytes = bytes; },
    /** The store answers the load that is on its way. */
    async load() {
      const { job, answer } = loads.shift()!;
      answer.resolve(failed(job));
      await answer.promise;
    },
  };
}

const FULL = 10 * 1024 * 1024;

describe('the outbox', () => {
  it('keeps only the newest progress for a reader that is behind, and all ends', async () => {
    const { outbox, sent, fill, load } = slowNetwork();
    fill(FULL);
    for (let step = 1; step <= 100; step += 1) outbox.send(progress(step / 100));
    outbox.send(progress(0.5, 'job_2'));
    outbox.send(failed());
    expect(sent).toEqual([]);
    fill(0);
    outbox.drained();
    await load();
    expect(sent).toMatchObject([{ type: 'failed', seq: 1 }, { type: 'progress', job: 'job_2', seq: 1 }]);
  });

  it('never tells an older progress after a newer one, nor after the end', async () => {
    const { outbox, sent, fill, load } = slowNetwork();
    outbox.send(progress(0.1));
    fill(FULL);
    outbox.send(progress(0.2));
    fill(1_000); // below the mark, not yet drained
    outbox.send(progress(0.5));
    outbox.send(failed());
    outbox.drained();
    await load();
    expect(sent.map(({ type, seq, fraction }) => [type, seq, fraction])).toEqual([['progress', 1, 0.1], ['failed', 2, undefined]]);
  });

  it('leaves ends that have to wait in the store, however many there are, and loads them one at a time in their order', async () => {
    const { outbox, sent, closed, loads, fill, load } = slowNetwork();
    const jobs = Array.from({ length: 10_000 }, (_, n) => `job_${n}`);
    fill(FULL);
    for (const job of jobs) outbox.send(failed(job));
    expect(closed).toEqual([]);
    expect(outbox.waitingBytes).toBeLessThan(2 * 1024 * 1024);
    expect(loads).toEqual([]);
    fill(0);
    outbox.drained();
    while (loads.length > 0) {
      expect(loads).toHaveLength(1);
      await load();
    }
    expect(sent.map(({ job }) => job)).toEqual(jobs);
    expect(outbox.waitingBytes).toBe(0);
  });

  it('sends what comes while an end is loaded after that end', async () => {
    const { outbox, sent, fill, load } = slowNetwork();
    fill(FULL);
    outbox.send(failed('job_1'));
    fill(0);
    outbox.drained();
    outbox.send(snapshot('job_2'));
    outbox.send(progress(0.3, 'job_2'));
    expect(sent).toEqual([]);
    await load();
    expect(sent.map(({ type }) => type)).toEqual(['failed', 'snapshot', 'progress']);
  });

  it('answers all who asked for the same end with one', async () => {
    const { outbox, sent, loads, fill, load } = slowNetwork();
    fill(FULL);
    for (let times = 0; times < 5; times += 1) outbox.send(failed());
    fill(0);
    outbox.drained();
    await load();
    expect(loads).toEqual([]);
    expect(sent).toHaveLength(1);
  });

  it('cuts a reader whose end cannot be loaded: it comes back for it', async () => {
    const { outbox, sent, closed, loads, fill } = slowNetwork();
    fill(FULL);
    outbox.send(failed());
    fill(0);
    outbox.drained();
    loads[0]!.answer.reject(new Error('the disk is gone'));
    await expect.poll(() => closed).toEqual([1011]);
    outbox.send(failed('job_2'));
    expect(sent).toEqual([]);
  });

  it('cuts a reader that lets more wait than the limit, and holds nothing for it any more', () => {
    const { outbox, sent, closed, fill } = slowNetwork();
    const finding = { type: 'finding', job: JOB, finding: { title: 'x'.repeat(1_000) } } as OutgoingFrame;
    fill(FULL);
    for (let n = 0; n < 10_000; n += 1) outbox.send(finding);
    expect(closed).toEqual([4408]);
    expect(outbox.waitingBytes).toBe(0);
    fill(0);
    outbox.drained();
    expect(sent).toEqual([]);
  });

  it('has room again when nothing waits any more, and when it is closed', async () => {
    const { outbox, fill, load } = slowNetwork();
    await outbox.room();
    fill(FULL);
    outbox.send(failed());
    let room = false;
    const waiting = outbox.room().then(() => { room = true; });
    fill(0);
    outbox.drained();
    expect(room).toBe(false);
    await load();
    await waiting;
    fill(FULL);
    const closing = outbox.room();
    outbox.close();
    await closing;
  });
});

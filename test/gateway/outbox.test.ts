import { describe, expect, it } from 'vitest';
import { Outbox } from '../../render-server/src/gateway/outbox.ts';
import type { Connection } from '../../render-server/src/gateway/transport/transport.ts';

const JOB = 'job_1';
const progress = (fraction: number, job = JOB) => ({ type: 'progress', job, stage: 'capturing', fraction, message: '' }) as const;
const failed = { type: 'failed', job: JOB, error: { code: 'page_error', message: 'x'.repeat(1_000), retryable: false } } as const;

/** A network whose fullness the test sets. */
function slowNetwork(): { connection: Connection; sent: { type: string; seq?: number; fraction?: number }[]; fill(bytes: number): void; closed: number[] } {
  const sent: { type: string }[] = [];
  const closed: number[] = [];
  let bufferedBytes = 0;
  const connection: Connection = {
    subprotocol: 'cro.v1.json', authorization: undefined, remoteAddress: '',
    get bufferedBytes() {
      return bufferedBytes;
    },
    send: (data) => void sent.push(JSON.parse(String(data)) as { type: string }),
    close: (code) => void closed.push(code),
  };
  return { connection, sent, closed, fill: (bytes) => { bufferedBytes = bytes; } };
}

const FULL = 10 * 1024 * 1024;

describe('the outbox', () => {
  it('keeps only the newest progress for a reader that is behind, and all ends', () => {
    const network = slowNetwork();
    const outbox = new Outbox(network.connection);
    network.fill(FULL);
    for (let step = 1; step <= 100; step += 1) outbox.send(progress(step / 100));
    outbox.send(progress(0.5, 'job_2'));
    outbox.send(failed);
    expect(network.sent).toEqual([]);
    network.fill(0);
    outbox.drained();
    expect(network.sent).toMatchObject([{ type: 'failed', seq: 1 }, { type: 'progress', job: 'job_2', seq: 1 }]);
  });

  it('never tells an older progress after a newer one, nor after the end', () => {
    const network = slowNetwork();
    const outbox = new Outbox(network.connection);
    outbox.send(progress(0.1));
    network.fill(FULL);
    outbox.send(progress(0.2));
    network.fill(1_000); // below the mark, not yet drained
    outbox.send(progress(0.5));
    outbox.send(failed);
    outbox.drained();
    expect(network.sent.map(({ type, seq, fraction }) => [type, seq, fraction])).toEqual([
      ['progress', 1, 0.1], ['failed', 2, undefined],
    ]);
  });

  it('cuts a reader that lets more wait than the limit, and holds nothing for it any more', () => {
    const network = slowNetwork();
    const outbox = new Outbox(network.connection);
    network.fill(FULL);
    for (let job = 0; job < 10_000; job += 1) outbox.send({ ...failed, job: `job_${job}` });
    expect(network.closed).toEqual([4408]);
    network.fill(0);
    outbox.drained();
    expect(network.sent).toEqual([]);
  });
});

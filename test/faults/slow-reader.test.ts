import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SOCKET_PATH } from '@cro-analyzer/protocol/codec';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AllowList } from '../../render-server/src/addresses.ts';
import { Admission } from '../../render-server/src/gateway/admission.ts';
import { Auth } from '../../render-server/src/gateway/auth.ts';
import { SessionLimits } from '../../render-server/src/gateway/session-limits.ts';
import { Session } from '../../render-server/src/gateway/session.ts';
import { listenNode } from '../../render-server/src/gateway/transport/node.ts';
import type { Transport } from '../../render-server/src/gateway/transport/transport.ts';
import { storeEndedJobs } from '../support/ended-jobs.ts';
import { RawSocket } from '../support/raw-socket.ts';
import { startServer, type TestServer } from '../support/server.ts';

const ENDS = 300;
const END_BYTES = 60_000;
const MiB = 1024 * 1024;
/** So much is held only for a connection that takes nothing more. */
const BLOCKED_BYTES = 256 * 1024;

let server: TestServer;
let jobs: string[];
/** A second door to the server's jobs, where the test can see what is held for each session. */
let door: Transport;
let url: string;
const sessions = new Set<Session>();

beforeAll(async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'cro-test-'));
  jobs = await storeEndedJobs(dataDir, { count: ENDS, bytes: END_BYTES });
  server = await startServer({ CRO_DATA_DIR: dataDir });
  door = await listenNode({
    host: '127.0.0.1', port: 0, path: SOCKET_PATH, maxFrameBytes: MiB,
    fetch: () => new Response(null, { status: 404 }),
    peerOf: (address) => address,
    refuse: () => undefined,
    refuseSocket: () => undefined,
    connect(connection) {
      const session = new Session(connection, '127.0.0.1', {
        jobs: server.app.jobs,
        auth: new Auth([]),
        admission: new Admission({ pages: AllowList.parse([]), webhooks: AllowList.parse([]), hasClaude: false }),
        sessions: new SessionLimits({}),
        credit: 10, analysts: ['rules'], limits: { deadlineMs: 1, queueMax: 1 }, version: 'test', logger: pino({ level: 'silent' }),
      });
      sessions.add(session);
      return {
        message: (data) => session.message(data),
        drained: () => session.drained(),
        closed() {
          sessions.delete(session);
          session.closed();
        },
      };
    },
  });
  url = `http://127.0.0.1:${door.port}`;
});

afterAll(async () => {
  await door.close();
  await server.close();
});

/** A session that said hello and then reads nothing more. */
async function slowReader(): Promise<RawSocket> {
  const slow = await RawSocket.hello(url);
  slow.frames.length = 0;
  slow.socket.pause();
  return slow;
}

/**
 * Waits until the slow reader is what it is meant to be, and sees that a session beside it is served meanwhile.
 * @returns the most bytes that were held for a session
 */
async function peakWhileOthersAreServed(): Promise<number> {
  let peak = 0;
  const other = await RawSocket.hello(url);
  for (let round = 0; round < 50 || peak < BLOCKED_BYTES; round += 1) {
    const job = jobs[round % ENDS];
    other.frames.length = 0;
    other.send({ type: 'watch', job });
    await other.next('failed', (frame) => frame.job === job);
    for (const { heldBytes } of sessions) peak = Math.max(peak, heldBytes);
  }
  other.close();
  return peak;
}

describe('a client that stops reading', () => {
  it('and watches 300 ended jobs costs less than a megabyte, is not cut, and gets every end once and in order when it reads again', async () => {
    const slow = await slowReader();
    for (const job of jobs) slow.send({ type: 'watch', job });
    expect(await peakWhileOthersAreServed()).toBeLessThan(MiB);
    slow.socket.resume();
    await slow.until(() => slow.frames.length >= ENDS);
    expect(slow.of('failed').map(({ job }) => job)).toEqual(jobs);
    slow.close();
  });

  it('and subscribes to 300 ends that were is told each once and in order when it reads again', async () => {
    const slow = await slowReader();
    slow.send({ type: 'subscribe', afterEvent: 0 });
    expect(await peakWhileOthersAreServed()).toBeLessThan(MiB);
    slow.socket.resume();
    await slow.until(() => slow.of('ended').length >= ENDS);
    expect(slow.of('ended').map(({ job }) => job)).toEqual(jobs);
    const numbers = slow.of('ended').map(({ event }) => event);
    expect(numbers).toEqual([...new Set(numbers)].toSorted((a, b) => a - b));
    expect(slow.of('subscribed')).toEqual([{ type: 'subscribed', event: numbers.at(-1) }]);
    slow.close();
  });

  it('and floods the server with frames has to wait: its answers do not grow, and none is lost', async () => {
    const FRAMES = 30_000;
    const slow = await slowReader();
    for (let n = 0; n < FRAMES; n += 1) slow.send({ type: 'shout', ref: String(n).padStart(100, '0') });
    expect(await peakWhileOthersAreServed()).toBeLessThan(3 * MiB);
    slow.socket.resume();
    await slow.until(() => slow.frames.length >= FRAMES);
    expect(slow.of('rejected').every(({ ref }, n) => Number(ref) === n)).toBe(true);
    slow.close();
  });
});

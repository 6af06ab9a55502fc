/** Many clients at once, each with a socket of its own, and what happened to each of their pages. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { RenderClient, RenderClientError } from '@cro-analyzer/protocol/client';
import type { ServerFrame } from '@cro-analyzer/protocol/messages';
import { RawSocket } from '../../test/support/raw-socket.ts';

/** One page of one client. Times are milliseconds of `performance.now()`. */
export interface Trace {
  readonly key: string;
  readonly client: number;
  readonly url: string;
  readonly submittedAt: number;
  acceptedAt?: number;
  /** When it was told that a page was leased for it. */
  startedAt?: number;
  endedAt?: number;
  /** `done` or the code of its failure; of a lost one, none. */
  outcome?: string;
}

/** Refusals by code: those that name a time to come back, and those that do not. */
export interface Refusals {
  withTime: Map<string, number>;
  without: Map<string, number>;
}

/** All that this process has been sent, also those that a client sees to itself. */
export const refusals: Refusals = { withTime: new Map(), without: new Map() };

function note(frame: ServerFrame): void {
  if (frame.type !== 'rejected') return;
  const { code, retryAfterMs } = frame.error;
  const counts = retryAfterMs === undefined ? refusals.without : refusals.withTime;
  counts.set(code, (counts.get(code) ?? 0) + 1);
}

/** The client of this project tries again without a word, so its refusals are read on the line. */
globalThis.WebSocket = class extends WebSocket {
  constructor(...options: ConstructorParameters<typeof WebSocket>) {
    super(...options);
    this.addEventListener('message', ({ data }) => {
      if (typeof data === 'string' && data.includes('"rejected"')) note(JSON.parse(data) as ServerFrame);
    });
  }
};

export function newTrace(key: string, client: number, url: string): Trace {
  return { key, client, url, submittedAt: performance.now() };
}

/** Submits all pages over the client of this project, which sees to refusals itself. */
export async function throughClient(server: string, token: string, traces: readonly Trace[]): Promise<void> {
  const client = new RenderClient({ url: server, token, client: 'load', codec: 'json', patienceMs: 3_600_000, sleep: (ms, signal) => delay(ms, undefined, { signal }) });
  await Promise.all(traces.map(async (trace) => {
    const job = client.submit({ url: trace.url });
    for await (const event of job) {
      if (event.type === 'accepted') trace.acceptedAt ??= performance.now();
      else if (event.type !== 'finding' && event.stage !== 'queued') trace.startedAt ??= performance.now();
    }
    const outcome = await job.result.then(() => 'done', (error: RenderClientError) => error.code);
    end(trace, outcome);
  }));
  await client.close();
}

/** Submits all pages over a plain socket, which comes back at the time that it names. */
export async function throughSocket(server: string, token: string, traces: readonly Trace[], until: AbortSignal): Promise<void> {
  const socket = await RawSocket.hello(server, 'cro.v1.json', token);
  until.addEventListener('abort', () => socket.close(), { once: true });
  const jobs = new Map<string, Trace>();
  const keys = traces.map(() => randomUUID());
  const submit = (trace: Trace, n: number): void => socket.send({ type: 'submit', ref: String(n), idempotencyKey: keys[n], request: { url: trace.url } });
  const take = (frame: ServerFrame): void => {
    note(frame);
    if (frame.type === 'accepted') {
      const trace = traces[Number(frame.ref)];
      if (!trace) return;
      trace.acceptedAt ??= performance.now();
      jobs.set(frame.job, trace);
    } else if (frame.type === 'rejected') {
      const trace = traces[Number(frame.ref)];
      if (!trace) return;
      const { code, retryAfterMs } = frame.error;
      if (retryAfterMs === undefined) return end(trace, code);
      setTimeout(() => submit(trace, Number(frame.ref)), retryAfterMs);
    } else if ('job' in frame) {
      const trace = jobs.get(frame.job);
      if (!trace) return;
      if ((frame.type === 'progress' || frame.type === 'snapshot') && frame.stage !== 'queued') trace.startedAt ??= performance.now();
      if (frame.type === 'result') end(trace, 'done');
      if (frame.type === 'failed') end(trace, frame.error.code);
      if (frame.type === 'cancelled') end(trace, 'cancelled');
    }
  };
  traces.forEach(submit);
  let read = 0;
  await socket.until(() => {
    for (; read < socket.frames.length; read += 1) take(socket.frames[read]!);
    return traces.every(({ outcome }) => outcome !== undefined);
  }).catch(() => {}); // what has no outcome then is lost
  socket.close();
}

function end(trace: Trace, outcome: string): void {
  trace.endedAt = performance.now();
  trace.outcome = outcome;
}

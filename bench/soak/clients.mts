/** Clients as a server meets them: they come, go without a word, come back, change their minds and ask twice. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { RenderClient, RenderClientError } from '@cro-analyzer/protocol/client';
import type { AnalysisResult, ServerFrame, WireError } from '@cro-analyzer/protocol/messages';
import { RawSocket } from '../../test/support/raw-socket.ts';
import type { Random } from '../random.mts';
import type { ServerProcess } from '../server-process.mts';
import { endOf, type Journal, type Order, type Wait } from './journal.mts';
import { PAGES } from './pages.mts';

export interface World {
  readonly server: ServerProcess;
  readonly origin: string;
  readonly keys: readonly string[];
  readonly journal: Journal;
  /** No new orders after this. */
  readonly closing: AbortSignal;
  /** Everything stops. */
  readonly over: AbortSignal;
}

/** Orders of one visit; with the number of actors it bounds the open jobs. */
export const MAX_ORDERS = 4;
/** Between two tries on a server that is down or full, in ms. */
const AGAIN_MS = 500;
/** What stays on the line after the last end, for an end that is told twice. */
const LINGER_MS = 250;

type Visit = (world: World, random: Random, orders: readonly Order[]) => Promise<void>;

const VISITS: readonly { visit: Visit; weight: number }[] = [
  { visit: patient, weight: 3 },
  { visit: impatient, weight: 2 },
  { visit: comeAndGo, weight: 4 },
  { visit: overHttp, weight: 3 },
  { visit: twice, weight: 2 },
];

/** One visit after the other, until no new orders are taken. */
export async function actor(world: World, random: Random): Promise<void> {
  while (!world.closing.aborted) {
    const key = random.pick(world.keys);
    const orders = Array.from({ length: random.whole(1, MAX_ORDERS) }, () => newOrder(world, random, key));
    await random.weighted(VISITS).visit(world, random, orders);
    await pause(world, random.between(0, 500));
  }
}

function newOrder({ origin }: World, random: Random, key: string): Order {
  const page = random.weighted(PAGES);
  return {
    key, page,
    idempotencyKey: randomUUID(),
    onLost: random.weighted([{ value: 'keep', weight: 6 }, { value: 'finish', weight: 3 }, { value: 'cancel', weight: 1 }] as const).value,
    request: {
      url: page.address.startsWith('/') ? origin + page.address : page.address,
      devices: random.pick([['desktop', 'mobile'], ['desktop'], ['mobile']] as const).slice(),
      analyst: random.pick(['auto', 'claude', 'claude', 'rules'] as const),
      priority: random.pick(['high', 'normal', 'low'] as const),
      screenshots: random.chance(0.5),
    },
  };
}

/** The client of this project, which survives everything; now and then it cancels a job. */
async function patient(world: World, random: Random, orders: readonly Order[]): Promise<void> {
  const client = connect(world, random, orders[0]?.key ?? '');
  await Promise.all(orders.map(async (order) => {
    const job = submitBy(world, client, order);
    if (random.chance(0.1)) {
      await Promise.race([pause(world, random.between(0, 4_000)), job.result.catch(() => {})]);
      if (job.id && !job.ended) world.journal.cancelling(job.id);
      else if (!job.ended) return comeAndGo(world, random, [order]); // nobody knows yet whether it is accepted
      job.cancel();
      return;
    }
    await job.result.catch(() => {});
  }));
  await client.close();
}

/** Closes before its jobs have ended; another one comes for them. */
async function impatient(world: World, random: Random, orders: readonly Order[]): Promise<void> {
  const client = connect(world, random, orders[0]?.key ?? '');
  for (const order of orders) submitBy(world, client, order);
  await pause(world, random.between(0, 3_000));
  await client.close();
  await comeAndGo(world, random, orders);
}

function connect({ server, over }: World, random: Random, token: string): RenderClient {
  const client = new RenderClient({
    url: server.url, token, client: 'soak', codec: random.pick(['msgpack', 'json']),
    sleep: (ms, signal) => delay(ms, undefined, { signal }),
  });
  over.addEventListener('abort', () => void client.close());
  return client;
}

function submitBy({ journal }: World, client: RenderClient, order: Order): ReturnType<RenderClient['submit']> {
  journal.sent(order);
  const job = client.submit(order.request, { idempotencyKey: order.idempotencyKey });
  let accepted: string | undefined;
  let wait: Wait | undefined;
  const follow = async (): Promise<void> => {
    for await (const event of job) {
      if (event.type !== 'accepted') continue;
      accepted = event.job;
      journal.accepted(order, event.job, 'client');
      wait ??= journal.waiting(event.job, 'client');
    }
    const outcome = await job.result.then((result) => ({ result }), (error: RenderClientError) => ({ error }));
    if ('result' in outcome) return journal.ended(accepted ?? '', endOf(outcome), 'client', wait);
    const { code, reason } = outcome.error;
    if (code === 'server_unreachable') return; // a wait without an end
    if (reason === 'client_closed' || reason === 'aborted') {
      if (wait) journal.leaves(wait);
    } else if (accepted === undefined) journal.refused(order, wireOf(outcome.error));
    else journal.ended(accepted, endOf(code === 'cancelled' ? {} : { error: wireOf(outcome.error) }), 'client', wait);
  };
  void follow();
  return job;
}

function wireOf({ code, reason, message, retryable, retryAfterMs }: RenderClientError): WireError {
  return { code, ...(reason === undefined ? {} : { reason }), message, retryable, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}

/** Two who ask for the same under the same key at the same time. */
async function twice(world: World, random: Random, orders: readonly Order[]): Promise<void> {
  await Promise.all([comeAndGo(world, random.fork(), orders), comeAndGo(world, random.fork(), orders)]);
}

/** A raw socket that breaks off without goodbye and comes back until all of its jobs have ended. */
async function comeAndGo(world: World, random: Random, orders: readonly Order[]): Promise<void> {
  const open = new Set(orders);
  const waits = new Map<string, Wait>();
  for (let visit = 0; open.size > 0 && !world.over.aborted; visit += 1) {
    const socket = await dial(world, random, orders[0]?.key ?? '');
    if (socket) {
      const staysFor = random.chance(0.6) && visit < 5 ? random.between(0, 6_000) : 60_000;
      await converse(world, random, { socket, open, waits }, staysFor).catch(() => {}); // the server was killed meanwhile
      socket.close();
    }
    if (open.size > 0) await pause(world, socket ? random.between(0, 3_000) : AGAIN_MS);
  }
}

async function dial({ server }: World, random: Random, token: string): Promise<RawSocket | undefined> {
  try {
    const socket = await RawSocket.open(server.url, random.pick(['cro.v1.json', 'cro.v1.msgpack']), { handshakeTimeout: 5_000 });
    socket.send({ type: 'hello', client: 'soak', token });
    await socket.next('welcome');
    return socket;
  } catch {
    return undefined;
  }
}

/** One connection of a client: its orders without an end, and what it waits for, by job. */
interface Line {
  socket: RawSocket;
  open: Set<Order>;
  waits: Map<string, Wait>;
}

/** Submits what nobody has accepted yet, watches the rest, and writes down what it is told. Removes from `open` what has ended. */
async function converse(world: World, random: Random, { socket, open, waits }: Line, staysForMs: number): Promise<void> {
  const { journal } = world;
  /** Ends that may still be told here, by job: one for following it, and one as the answer to a cancel. */
  const due = new Map<string, number>();
  const byRef = new Map<string, Order>();
  const byJob = new Map<string, Order>();
  const waitFor = (job: string): void => {
    const wait = waits.get(job) ?? journal.waiting(job, 'socket');
    wait.askedAt = Date.now();
    due.set(job, 1);
    waits.set(job, wait);
  };
  const ask = (order: Order): void => {
    const job = journal.jobOf(order);
    if (job !== undefined && random.chance(0.8)) {
      byJob.set(job, order);
      waitFor(job);
      return socket.send({ type: 'watch', job });
    }
    const ref = String(byRef.size);
    byRef.set(ref, order);
    journal.sent(order);
    socket.send({ type: 'submit', ref, idempotencyKey: order.idempotencyKey, request: order.request, onLost: order.onLost });
  };
  const take = (frame: ServerFrame): void => {
    switch (frame.type) {
      case 'accepted': {
        const order = byRef.get(frame.ref);
        if (!order) return;
        byJob.set(frame.job, order);
        journal.accepted(order, frame.job, 'socket');
        waitFor(frame.job);
        if (random.chance(0.05)) {
          journal.cancelling(frame.job);
          due.set(frame.job, 2);
          socket.send({ type: 'cancel', job: frame.job });
        }
        return;
      }
      case 'rejected': {
        const order = byRef.get(frame.ref ?? '') ?? byJob.get(frame.job ?? '');
        if (!order) return void journal.contradictions.push(`a frame was refused: ${frame.error.code} ${frame.error.message}`);
        if (frame.ref === undefined) journal.contradictions.push(`${frame.job} was accepted, and now: ${frame.error.code} ${frame.error.message}`);
        journal.refused(order, frame.error);
        if (frame.error.retryAfterMs === undefined) open.delete(order);
        else setTimeout(() => { if (open.has(order)) ask(order); }, frame.error.retryAfterMs);
        return;
      }
      case 'result': case 'failed': case 'cancelled':
        due.set(frame.job, (due.get(frame.job) ?? 0) - 1);
        if ((due.get(frame.job) ?? 0) < 0) journal.repeated.push(`${frame.job} ended more often on one connection than it was asked for`);
        journal.ended(frame.job, endOf({ result: 'result' in frame ? frame.result : undefined, error: 'error' in frame ? frame.error : undefined }), 'socket', waits.get(frame.job));
        for (const order of open) if (journal.jobOf(order) === frame.job) open.delete(order);
    }
  };
  for (const order of open) ask(order);
  let read = 0;
  const takeAll = (): void => {
    for (; read < socket.frames.length; read += 1) take(socket.frames[read]!);
  };
  const allEnded = socket.until(() => {
    takeAll();
    return open.size === 0;
  });
  await Promise.race([allEnded.then(() => pause(world, LINGER_MS)), pause(world, staysForMs)]);
  takeAll();
}

/** curl and its like: a request may break off, be repeated, be deleted. */
async function overHttp(world: World, random: Random, orders: readonly Order[]): Promise<void> {
  await Promise.all(orders.map((order) => oneOverHttp(world, random, order)));
}

interface View { id: string; stage: string; result?: AnalysisResult; error?: WireError }

async function oneOverHttp(world: World, random: Random, order: Order): Promise<void> {
  const { server, journal, over } = world;
  const { key } = order;
  let job: string | undefined;
  let wait: Wait | undefined;
  while (job === undefined && !over.aborted) {
    journal.sent(order);
    const answer = await server.fetch('/v1/analyses', {
      key, method: 'POST', body: JSON.stringify(order.request),
      headers: { 'content-type': 'application/json', 'idempotency-key': order.idempotencyKey },
      ...(random.chance(0.2) ? { signal: AbortSignal.timeout(random.whole(1, 30)) } : {}),
    }).catch(() => undefined);
    const body = await answer?.json().catch(() => undefined) as (View & WireError) | undefined;
    if (answer?.ok && body) {
      job = body.id;
      journal.accepted(order, job, 'http');
      wait = journal.waiting(job, 'http');
    } else if (answer && body) {
      journal.refused(order, body);
      if (body.retryAfterMs === undefined) return;
      await pause(world, body.retryAfterMs);
    } else await pause(world, AGAIN_MS);
  }
  const deleteAt = random.chance(0.15) ? Date.now() + random.between(0, 5_000) : Infinity;
  while (!over.aborted) {
    const deleting = Date.now() > deleteAt;
    if (deleting) journal.cancelling(job ?? '');
    const answer = await server.fetch(`/v1/analyses/${job}`, { key, ...(deleting ? { method: 'DELETE' } : {}) }).catch(() => undefined);
    const view = await answer?.json().catch(() => undefined) as View | undefined;
    if (answer?.status === 404) journal.contradictions.push(`${job} was accepted and is not found`);
    const ended = view && endOfView(view);
    if (ended) return journal.ended(view.id, ended, 'http', wait);
    if (answer?.status === 404) return;
    await pause(world, random.between(200, 2_000));
  }
}

/** The end that `GET /v1/analyses/{id}` shows; undefined while the job is open. */
export function endOfView({ stage, result, error }: Omit<View, 'id'>): ReturnType<typeof endOf> | undefined {
  return stage === 'done' || stage === 'failed' || stage === 'cancelled' ? endOf({ result, error }) : undefined;
}

/** Waits; less when everything stops. */
async function pause({ over }: World, ms: number): Promise<void> {
  await delay(ms, undefined, { signal: over }).catch(() => {});
}

/** What the clients wrote down against what the server has. */
import { setTimeout as delay } from 'node:timers/promises';
import Sqlite from 'better-sqlite3';
import { join } from 'node:path';
import type { ServerProcess } from '../server-process.mts';
import { endOfView } from './clients.mts';
import { nameOf, type Entry, type Journal } from './journal.mts';
import type { Subscriber } from './subscriber.mts';

/** The reconnecting client pauses ten seconds at most between two tries, a plain one three; the rest is for a busy machine. */
const TOLD_WITHIN_MS = 30_000;

/**
 * Asks the server for every accepted job until it has ended, and adds the ends to the journal.
 * @returns those that are missing or have no end when the time is over, in words
 */
export async function awaitEnds(server: ServerProcess, journal: Journal, withinMs: number): Promise<string[]> {
  const until = Date.now() + withinMs;
  let open = [...journal.entries.values()];
  for (;;) {
    const states = await inTurn(open, async (entry) => ({ entry, state: await stateOf(server, entry, journal) }));
    const missing = states.filter(({ state }) => state !== 'ended');
    if (missing.length === 0) return [];
    if (Date.now() > until) return missing.map(({ entry, state }) => `${entry.job} (${entry.order.page.address}): ${state}`);
    open = missing.map(({ entry }) => entry);
    await delay(1_000);
  }
}

async function stateOf(server: ServerProcess, { job, order }: Entry, journal: Journal): Promise<string> {
  const answer = await server.fetch(`/v1/analyses/${job}`, { key: order.key }).catch(() => undefined);
  if (!answer?.ok) return answer ? `HTTP ${answer.status}` : 'no answer';
  const view = await answer.json() as Parameters<typeof endOfView>[0];
  const end = endOfView(view);
  if (end) journal.ended(job, end, 'the store');
  return end ? 'ended' : view.stage;
}

/** Jobs that another key can see. */
export async function seenByOthers(server: ServerProcess, journal: Journal, keys: readonly string[], most: number): Promise<string[]> {
  const answers = await inTurn([...journal.entries.values()].slice(-most), async ({ job, order }) => {
    const other = keys.find((key) => key !== order.key);
    const answer = await server.fetch(`/v1/analyses/${job}`, other === undefined ? {} : { key: other }).catch(() => undefined);
    return answer?.status === 404 ? [] : [`${job}: ${answer ? `HTTP ${answer.status}` : 'no answer'}`];
  });
  return answers.flat();
}

/** Accepted jobs of which the subscribers of their keys were not told exactly one end, or another one than the clients. */
export function compareEvents(journal: Journal, subscribers: ReadonlyMap<string, Subscriber>): string[] {
  const wrong: string[] = [];
  const told = new Map<string, string[]>();
  for (const { events, contradictions } of subscribers.values()) {
    wrong.push(...contradictions);
    for (const event of events) if (event.type === 'ended') told.set(event.job, [...(told.get(event.job) ?? []), event.state]);
  }
  for (const { job, end } of journal.entries.values()) {
    const ends = told.get(job) ?? [];
    if (ends.length !== 1 || ends[0] !== end?.stage) wrong.push(`${job} is ${end?.stage ?? 'open'}; its subscriber was told ${ends.join(', ') || 'nothing'}`);
  }
  return wrong;
}

/**
 * Reads the store of a server that has stopped: a job that no client asked for, that has no end, or whose key a client
 * knows by another id.
 * @returns when each job ended, in ms since the epoch, and what is wrong, in words
 */
export function compareStore(dataDir: string, journal: Journal): { endedAt: Map<string, number>; wrong: string[] } {
  const database = new Sqlite(join(dataDir, 'cro.sqlite'), { readonly: true });
  const rows = database.prepare('SELECT id, idempotency_key AS key, stage, ended_at AS endedAt FROM jobs').all() as { id: string; key: string; stage: string; endedAt: number | null }[];
  database.close();
  const wrong = rows.flatMap(({ id, key, stage, endedAt }) => {
    const order = journal.orders.get(key);
    if (!order) return [`${id} is stored and nobody asked for it`];
    const known = journal.jobOf(order);
    return [
      ...(known !== undefined && known !== id ? [`${key} is stored as ${id} and was accepted as ${known}`] : []),
      ...(endedAt === null ? [`${id} is stored as ${stage}`] : []),
    ];
  });
  const stored = new Set(rows.map(({ id }) => id));
  return { endedAt: new Map(rows.map(({ id, endedAt }) => [id, endedAt ?? 0])), wrong: [...wrong, ...[...journal.entries.keys()].filter((job) => !stored.has(job)).map((job) => `${job} was accepted and is not stored`)] };
}

/** Clients that wait for an end and have not been told on a connection of their own. */
export function untold({ waits, entries }: Journal): string[] {
  return [...waits].filter(({ toldAt }) => toldAt === undefined).map(({ job, by }) => `${by} waits for ${job} (${entries.get(job)?.order.page.address})`);
}

/** Clients that were told later than they should: counted from the end, or from when they asked or the server was there again. */
export function toldLate({ waits }: Journal, endedAt: ReadonlyMap<string, number>, serverUp: readonly number[]): { late: string[]; slowestMs: number } {
  let slowestMs = 0;
  const late = [...waits].flatMap(({ job, by, askedAt, toldAt }) => {
    if (toldAt === undefined) return [];
    const from = Math.max(endedAt.get(job) ?? 0, askedAt, ...serverUp.filter((at) => at <= toldAt));
    slowestMs = Math.max(slowestMs, toldAt - from);
    return toldAt - from > TOLD_WITHIN_MS ? [`${by} was told of ${job} after ${Math.round((toldAt - from) / 1000)} s`] : [];
  });
  return { late, slowestMs };
}

/** How the jobs of each page ended, as rows of a table. */
export function endsByPage(journal: Journal): (string | number)[][] {
  const entries = [...journal.entries.values()];
  const ends = [...new Set(entries.map(({ end }) => (end ? nameOf(end) : 'open')))].sort();
  const byPage = Map.groupBy(entries, ({ order }) => order.page.address);
  return [
    ['page', 'jobs', 'ends'],
    ...[...byPage].sort(([a], [b]) => (a < b ? -1 : 1)).map(([page, jobs]) => [
      page, jobs.length,
      ends.flatMap((name) => {
        const count = jobs.filter(({ end }) => (end ? nameOf(end) : 'open') === name).length;
        return count > 0 ? [`${count} ${name}`] : [];
      }).join('; '),
    ]),
  ];
}

/** Runs over the items with a few at a time. */
async function inTurn<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += 10) results.push(...await Promise.all(items.slice(at, at + 10).map(work)));
  return results;
}

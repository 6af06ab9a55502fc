/** What the clients wrote down against what the server has. */
import { setTimeout as delay } from 'node:timers/promises';
import Sqlite from 'better-sqlite3';
import { join } from 'node:path';
import type { ServerProcess } from '../server-process.mts';
import { endOfView } from './clients.mts';
import { nameOf, type Entry, type Journal } from './journal.mts';
import type { Outcome } from './pages.mts';
import type { Subscriber } from './subscriber.mts';

/** Ends that the chaos explains, on any page: Claude fails at random, and a browser or the server may be killed twice during one job. */
const EXPLAINED: readonly Outcome[] = ['analyst_unavailable', 'analyst_refused', 'browser_crashed'];

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
    const answer = await server.fetch(`/v1/analyses/${job}`, other === undefined ? {} : { key: other });
    return answer.status === 404 ? [] : [`${job}: HTTP ${answer.status}`];
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
 */
export function compareStore(dataDir: string, journal: Journal): { jobs: number; wrong: string[] } {
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
  return { jobs: rows.length, wrong: [...wrong, ...[...journal.entries.keys()].filter((job) => !stored.has(job)).map((job) => `${job} was accepted and is not stored`)] };
}

/** Ends that neither the page nor the chaos nor the client explains. */
export function unexplained(journal: Journal): string[] {
  return [...journal.entries.values()].flatMap(({ job, order, cancellable, end }) => {
    if (!end) return [];
    const outcome: Outcome = end.error?.code ?? (end.stage === 'cancelled' ? 'cancelled' : 'done');
    const allowed = [...order.page.ends, ...EXPLAINED, ...(cancellable ? ['cancelled'] : [])];
    return allowed.includes(outcome) ? [] : [`${order.page.address} ended as ${nameOf(end)} (${job})`];
  });
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

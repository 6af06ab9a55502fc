/**
 * `npm run bench:load -- [clients]`: what a server on two browsers does under a crowd, a hundred clients by default with
 * five pages each; how long a key with one page waits behind a key with 300; and what a full queue says. Claude is a fake
 * that takes two seconds. Prints tables, a line a promise and closes with `N passed, N failed`. Linux only.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startFakeClaude } from '../test/support/fake-claude.ts';
import { startSite, testSites } from '../test/support/site.ts';
import { newTrace, refusals, throughClient, throughSocket, type Trace } from './load/crowd.mts';
import { probe } from './load/probe.mts';
import { Verdicts, table } from './printing.mts';
import { Sampler } from './sampler.mts';
import { ServerProcess } from './server-process.mts';
import { jain, mean, percentile } from './statistics.mts';

const KEYS = ['load-key-one-of-five', 'load-key-two-of-five', 'load-key-three-of-five', 'load-key-four-of-five', 'load-key-five-of-five'];
const PAGES = ['/product', '/saas', '/lead', '/german', '/japanese', '/article', '/pricing'];
const PAGES_EACH = 5;
const LARGE_KEY_JOBS = 300;
/** A session's credit by default: a key with more jobs needs more sockets. */
const JOBS_PER_SOCKET = 100;
const WITHIN_MS = 1_800_000;
/** What the health of a server at full load is promised to take, where the machine has a core for it. */
const HEALTHY_MS = 50;
/** Here the server shares its cores with the browsers, the clients and Claude: so large a share is quick all the same. */
const HEALTHY_SHARE = 0.9;
const SLOWEST_HEALTH_MS = 5_000;

const clients = Number(process.argv[2] ?? 100);
const verdicts = new Verdicts();
const site = await startSite(testSites());
const claude = await startFakeClaude({ delayMs: 2_000 });
await crowd();
await smallKey();
await fullQueue();
await Promise.all([site.close(), claude.close()]);
process.exit(verdicts.close());

/** Runs work against a server of its own. */
async function withServer(env: Record<string, string>, work: (server: ServerProcess) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'cro-load-'));
  const server = await ServerProcess.start(folder, {
    CRO_API_KEYS: KEYS.join(), CRO_BROWSERS: '2', CRO_ALLOW_HOSTS: new URL(site.origin).host,
    ANTHROPIC_API_KEY: 'test-key', ANTHROPIC_BASE_URL: claude.baseURL, ...env,
  });
  await work(server);
  await server.stop();
  await rm(folder, { recursive: true, force: true });
}

/** All pages of all clients at once: every second client is a plain socket. */
async function submitAll(server: ServerProcess, count: number): Promise<Trace[]> {
  const over = AbortSignal.timeout(WITHIN_MS);
  const traces = await Promise.all(Array.from({ length: count }, async (_, client) => {
    const key = KEYS[client % KEYS.length] ?? '';
    const own = Array.from({ length: PAGES_EACH }, (_each, n) => newTrace(key, client, `${site.origin}${PAGES[(client + n) % PAGES.length]}`));
    await (client % 2 === 0 ? throughSocket(server.url, key, own, over) : Promise.race([throughClient(server.url, key, own), delay(WITHIN_MS, undefined, { ref: false })]));
    return own;
  }));
  return traces.flat();
}

function judge(where: string, traces: readonly Trace[]): void {
  const lost = traces.filter(({ outcome }) => outcome !== 'done');
  verdicts.judge(`${where}: every page is analysed, none is lost`, lost.length === 0, lost.length === 0 ? `${traces.length} pages` : lost.map(({ url, outcome }) => `${url}: ${outcome ?? 'lost'}`));
  verdicts.judge(`${where}: none is refused without a time to come back`, refusals.without.size === 0, wordsOf(refusals.without));
}

/** For example "12 queue_full". */
function wordsOf(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([code, times]) => `${times} ${code}`).join(', ') || 'none';
}

/** Quick answers of all, and the slowest, of the health that a client of the machine's schedulers asks for. */
function judgeHealth(path: string, took: readonly number[]): void {
  const share = took.filter((ms) => ms <= HEALTHY_MS).length / took.length;
  const slowest = Math.max(...took);
  verdicts.judge(
    `${path} answers under the crowd, ${HEALTHY_SHARE * 100} % within ${HEALTHY_MS} ms and all within ${SLOWEST_HEALTH_MS / 1000} s`, share >= HEALTHY_SHARE && slowest <= SLOWEST_HEALTH_MS,
    `${(100 * share).toFixed(2)} % of ${took.length}, the slowest ${slowest.toFixed(0)} ms`,
  );
}

async function crowd(): Promise<void> {
  await withServer({}, async (server) => {
    console.log(`${clients} clients with ${PAGES_EACH} pages each, over ${KEYS.length} keys`);
    const over = new AbortController();
    const sampler = new Sampler();
    const sampling = sampler.run(server, over.signal);
    const latencies = probe(server.url);
    const traces = await submitAll(server, clients);
    const health = await latencies();
    const [load = NaN] = loadavg();
    over.abort();
    await sampling;
    const waits = traces.flatMap(({ submittedAt, startedAt }) => (startedAt === undefined ? [] : [startedAt - submittedAt]));
    const totals = traces.flatMap(({ submittedAt, endedAt }) => (endedAt === undefined ? [] : [endedAt - submittedAt]));
    const fairness = (of: (trace: Trace) => string | number): string => {
      const groups = Map.groupBy(traces.filter(({ startedAt }) => startedAt !== undefined), of);
      return jain([...groups.values()].map((group) => mean(group.map(({ submittedAt, startedAt = NaN }) => startedAt - submittedAt)))).toFixed(3);
    };
    const peak = (part: 'server' | 'browsers'): string => `${Math.round(Math.max(...sampler.samples.map((sample) => sample[part])) / 2 ** 20)} MB`;
    const seconds = (Math.max(...traces.map(({ endedAt = 0 }) => endedAt)) - Math.min(...traces.map(({ submittedAt }) => submittedAt))) / 1000;
    console.log(`\n${table([
      ['measured', 'value'],
      ['pages', `${traces.length}`],
      ['done', `${traces.filter(({ outcome }) => outcome === 'done').length}`],
      ['refused with a time to come back', wordsOf(refusals.withTime)],
      ['refused without', wordsOf(refusals.without)],
      ['pages a second', (traces.length / seconds).toFixed(2)],
      ['wait for a page, p50 / p95 / max', spread(waits, [0.5, 0.95, 1], 1000, 's')],
      ['submit to end, p50 / p95 / max', spread(totals, [0.5, 0.95, 1], 1000, 's')],
      ['fairness of mean waits between keys (Jain)', fairness(({ key }) => key)],
      ['fairness of mean waits between clients (Jain)', fairness(({ client }) => client)],
      ...Object.entries(health).flatMap(([path, took]) => [
        [`${path}, p50 / p99 / max of ${took.length}`, spread(took, [0.5, 0.99, 1], 1, 'ms')],
        [`${path}, answered within ${HEALTHY_MS} ms`, `${((100 * took.filter((ms) => ms <= HEALTHY_MS).length) / took.length).toFixed(2)} %`],
      ]),
      ['load of the machine over the last minute', `${load.toFixed(1)} on ${availableParallelism()} cores`],
      ['calls to Claude at once, most', `${claude.peakConcurrency}`],
      ['memory of the server, most', peak('server')],
      ['memory of the browsers, most', peak('browsers')],
    ])}\n`);
    judge('a crowd', traces);
    for (const [path, took] of Object.entries(health)) judgeHealth(path, took);
  });
}

/** One page of a key that has no other, behind 300 of another key. */
async function smallKey(): Promise<void> {
  await withServer({}, async (server) => {
    const { slots } = await (await server.fetch('/readyz')).json() as { slots: { total: number } };
    const [large = '', small = ''] = KEYS;
    const over = new AbortController();
    const bound = AbortSignal.any([over.signal, AbortSignal.timeout(WITHIN_MS)]);
    const many = Array.from({ length: LARGE_KEY_JOBS }, (_, n) => newTrace(large, n, `${site.origin}${PAGES[n % PAGES.length]}`));
    const sockets = Array.from({ length: LARGE_KEY_JOBS / JOBS_PER_SOCKET }, (_, n) => throughSocket(server.url, large, many.slice(n * JOBS_PER_SOCKET, (n + 1) * JOBS_PER_SOCKET), bound));
    while (!bound.aborted && !many.every(({ acceptedAt }) => acceptedAt !== undefined)) await delay(20);
    const one = newTrace(small, 0, `${site.origin}/product`);
    const alone = throughSocket(server.url, small, [one], bound);
    while (!bound.aborted && one.startedAt === undefined) await delay(20);
    const { acceptedAt = Infinity, startedAt = Infinity } = one;
    const between = many.filter((trace) => (trace.startedAt ?? Infinity) > acceptedAt && (trace.startedAt ?? Infinity) < startedAt).length;
    verdicts.judge(
      `a key with one page waits behind at most twice the slots of a key with ${LARGE_KEY_JOBS}`, between <= 2 * slots.total && startedAt < Infinity,
      `${between} pages of the large key began before it, with ${slots.total} slots; it waited ${((startedAt - one.submittedAt) / 1000).toFixed(1)} s`,
    );
    over.abort();
    await Promise.all([...sockets, alone]);
  });
}

/** Far more pages at once than may wait. */
async function fullQueue(): Promise<void> {
  await withServer({ CRO_QUEUE_MAX: '10' }, async (server) => {
    const before = [...refusals.withTime.values()].reduce((sum, times) => sum + times, 0);
    const traces = await submitAll(server, 10);
    const refused = [...refusals.withTime.values()].reduce((sum, times) => sum + times, 0) - before;
    console.log(`\n${traces.length} pages at once with room for 10 to wait: ${refused} refusals with a time to come back`);
    judge('a full queue', traces);
    verdicts.judge('a full queue: it did refuse', refused > 0);
  });
}

/** For example "12 / 40 / 51 ms". */
function spread(values: readonly number[], shares: readonly number[], unit: number, name: string): string {
  return `${shares.map((share) => (percentile(values, share) / unit).toFixed(1)).join(' / ')} ${name}`;
}

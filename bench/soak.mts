/**
 * `npm run test:soak -- <minutes> [--seed <n>]`: the real server for some minutes under good and hostile pages, clients
 * that come and go, a Claude that fails, browsers that are killed, and three kills of the server itself in the first
 * half. Then the journal of the clients is compared with what the server has, and what may be left over is counted.
 * Prints a line a promise and closes with `N passed, N failed`. Linux only.
 */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { freePort } from '../scripts/lab.mts';
import { startFakeClaude } from '../test/support/fake-claude.ts';
import { Verdicts, table } from './printing.mts';
import { Random } from './random.mts';
import { Sampler } from './sampler.mts';
import { ServerProcess } from './server-process.mts';
import { killBrowsers, killServer, moodsOfClaude, type Kills } from './soak/chaos.mts';
import { actor, type World } from './soak/clients.mts';
import { awaitEnds, compareEvents, compareStore, endsByPage, seenByOthers, unexplained } from './soak/compare.mts';
import { keptMemory } from './soak/heap.mts';
import { Journal } from './soak/journal.mts';
import { growthOf, isSteady, wordsOf } from './soak/memory.mts';
import { startSoakSite } from './soak/pages.mts';
import { Subscriber } from './soak/subscriber.mts';

const KEYS = ['soak-key-number-one', 'soak-key-number-two', 'soak-key-number-three'];
const SERVER_KILLS = 3;
/** Of the whole time: a new server has warmed up by the second half, in which its memory is watched. */
const KILLING_SHARE = 0.25;
/** With up to four orders each, two cores keep up with so many. */
const ACTORS = 8;
const DRAIN_MS = 180_000;
/** What closed just now may take a moment to be gone. */
const SETTLE_MS = 15_000;
/** More than any soak asks for. */
const CLAUDE_CALLS = 50_000;

interface Health { slots: { busy: number }; jobs: { queued: number; running: number } }

const { values, positionals } = parseArgs({ allowPositionals: true, options: { seed: { type: 'string' } } });
const minutes = Number(positionals[0] ?? 10);
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 32));
if (!(minutes > 0) || !Number.isInteger(seed)) {
  console.error('npm run test:soak -- <minutes> [--seed <whole number>]');
  process.exit(2);
}
process.exit(await soak());

async function soak(): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'cro-soak-'));
  const random = new Random(seed);
  const site = await startSoakSite();
  const claude = await startFakeClaude({ delayMs: 1_500 });
  claude.behave(...moodsOfClaude(random.fork(), CLAUDE_CALLS));
  const inspector = await freePort();
  const server = await ServerProcess.start(folder, {
    NODE_OPTIONS: `--inspect=127.0.0.1:${inspector}`,
    CRO_API_KEYS: KEYS.join(), CRO_BROWSERS: '2', CRO_ALLOW_HOSTS: new URL(site.origin).host,
    CRO_DEADLINE_MS: '90000', CRO_RECYCLE_JOBS: '40',
    ANTHROPIC_API_KEY: 'test-key', ANTHROPIC_BASE_URL: claude.baseURL,
  });
  console.log(`A soak of ${minutes} minutes with seed ${seed}. Journal and log: ${folder}`);

  const closing = new AbortController();
  const over = new AbortController();
  const journal = new Journal(join(folder, 'journal.ndjson'));
  const world: World = { server, origin: site.origin, keys: KEYS, journal, closing: closing.signal, over: over.signal };
  const sampler = new Sampler();
  const kills: Kills = new Map();
  const subscribers = new Map(KEYS.map((key) => [key, new Subscriber(server.url, key)]));
  const loadMs = minutes * 60_000;
  const began = Date.now();
  const background = [
    sampler.run(server, over.signal),
    ...[...subscribers.values()].map((subscriber) => subscriber.follow(over.signal)),
    sayHow(world, sampler, began),
  ];
  const chaos = [killBrowsers(server, random.fork(), closing.signal, kills)];
  const serverKills = killServer(server, random.fork(), SERVER_KILLS, loadMs * KILLING_SHARE, closing.signal);
  const actors = Array.from({ length: ACTORS }, () => actor(world, random.fork()));

  const killed = await serverKills;
  await delay(began + loadMs / 2 - Date.now());
  const watched = keptMemory(server, inspector, closing.signal);
  await delay(began + loadMs - Date.now());
  closing.abort();
  const kept = await watched;
  await Promise.all(chaos);
  console.log('No more orders; waiting for what is open.');
  await Promise.race([Promise.all(actors), delay(DRAIN_MS)]);
  const open = await awaitEnds(server, journal, DRAIN_MS);
  await eventually(() => compareEvents(journal, subscribers).length === 0);

  const verdicts = new Verdicts();
  const entries = [...journal.entries.values()];
  console.log(`\n${table(endsByPage(journal))}\n`);
  const doing = [
    ['what happened', 'times'],
    ['orders', journal.orders.size], ['jobs accepted', entries.length], ['ends told to clients', entries.reduce((sum, { told }) => sum + told, 0)],
    ...[...journal.refusals].map(([code, times]) => [`refused: ${code}`, times]),
    ['calls to Claude', claude.requests.length], ['kills of the server', killed.length],
    ...[...kills].map(([kind, times]) => [`kills of a browser process: ${kind}`, times]),
    ...[...server.complaints()].map(([line, times]) => [`log, ${line}`, times]),
  ] satisfies (string | number)[][];
  console.log(`${table(doing)}\n`);
  console.log(`Most memory: server ${megabytes(Math.max(...sampler.samples.map((sample) => sample.server)))}, browsers ${megabytes(Math.max(...sampler.samples.map(({ browsers }) => browsers)))}\n`);

  verdicts.judge('the server was killed three times in the first half, and browsers all the time', killed.length === SERVER_KILLS && kills.size > 0);
  verdicts.judge('the server ran whenever it was not killed', server.running && journal.entries.size > 0);
  verdicts.judge('every accepted job has ended', open.length === 0, open);
  verdicts.judge('no client was told anything that contradicts what another was told', journal.contradictions.length === 0, journal.contradictions);
  const events = compareEvents(journal, subscribers);
  verdicts.judge('the subscribers of each key were told exactly one end of each job', events.length === 0, events);
  const odd = unexplained(journal);
  verdicts.judge('each end is explained by the page, by Claude, by kills or by its client', odd.length === 0, odd);
  const foreign = await seenByOthers(server, journal, KEYS, 100);
  verdicts.judge('no other key sees a job', foreign.length === 0, foreign);

  const health = async (): Promise<Health> => (await server.fetch('/readyz')).json() as Promise<Health>;
  await eventually(async () => (await health()).slots.busy === 0);
  const { slots, jobs } = await health();
  verdicts.judge('no slot is busy and no job is open', slots.busy + jobs.queued + jobs.running === 0, JSON.stringify({ slots, jobs }));
  await eventually(async () => (await site.connections()) === 0);
  const pages = await site.connections();
  verdicts.judge('no page is open', pages === 0, `${pages} connections to the site`);

  sampler.look(server);
  over.abort();
  await Promise.all([...background, Promise.race([Promise.all(actors), delay(SETTLE_MS)])]);
  const exitCode = await server.stop();
  verdicts.judge('the server stops with exit code 0 when it is told to', exitCode === 0, `exit code ${exitCode}`);
  const stored = compareStore(server.dataDir, journal);
  verdicts.judge('the store has what was accepted and nothing else', stored.wrong.length === 0, stored.wrong.length > 0 ? stored.wrong : `${stored.jobs} jobs`);
  await eventually(() => sampler.left(folder).length === 0);
  const left = sampler.left(folder).map(({ pid, command }) => `${pid} ${command.slice(0, 150)}`);
  verdicts.judge('no process is left', left.length === 0, left);
  verdicts.judge('no child was left a zombie', sampler.zombies.size === 0, [...sampler.zombies]);
  const files = [...await readdir(server.temporary), ...await readdir(join(server.dataDir, 'browsers')).catch(() => [])];
  verdicts.judge('the temporary directories are empty', files.length === 0, files);
  const secondHalf = sampler.samples.filter(({ at }) => at >= began + loadMs / 2 && at <= began + loadMs);
  for (const [part, samples] of [
    ['server, after its garbage is collected,', kept],
    ['browsers', secondHalf.map(({ at, browsers }) => ({ at, bytes: browsers }))],
  ] as const) {
    const growth = growthOf(samples);
    verdicts.judge(`the memory of the ${part} has no slope beyond noise over the second half`, isSteady(growth), wordsOf(growth));
  }
  journal.close();
  await Promise.all([site.close(), claude.close()]);
  if (verdicts.failed === 0) await rm(folder, { recursive: true, force: true });
  else console.log(`Run it again with --seed ${seed}. Journal and log are kept in ${folder}`);
  return verdicts.close();
}

/** Waits some seconds for what takes a moment. */
async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const until = Date.now() + SETTLE_MS; Date.now() < until && !(await holds());) await delay(250);
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MB`;
}

/** A line each minute. */
async function sayHow({ journal, over }: World, { samples }: Sampler, began: number): Promise<void> {
  while (!over.aborted) {
    await delay(60_000, undefined, { signal: over }).catch(() => {});
    const entries = [...journal.entries.values()];
    const { server = 0, browsers = 0 } = samples.at(-1) ?? {};
    if (!over.aborted) console.log(`${Math.round((Date.now() - began) / 60_000)} min: ${entries.length} accepted, ${entries.filter(({ end }) => end).length} known to have ended, server ${megabytes(server)}, browsers ${megabytes(browsers)}`);
  }
}

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
import { startFakeClaude, type Behaviour } from '../test/support/fake-claude.ts';
import { Verdicts, table } from './printing.mts';
import { Random } from './random.mts';
import { Sampler } from './sampler.mts';
import { ServerProcess, type Readiness } from './server-process.mts';
import { ROOT, killBrowsers, killServer, trouble, type Kills } from './soak/chaos.mts';
import { MAX_ORDERS, actor, type World } from './soak/clients.mts';
import { awaitEnds, compareEvents, compareStore, endsByPage, seenByOthers, toldLate, untold } from './soak/compare.mts';
import { crashes, failuresOfClaude, goodPages, unexplained } from './soak/explain.mts';
import { keptMemory, measure } from './soak/heap.mts';
import { presenceOf } from './soak/idle.mts';
import { Journal } from './soak/journal.mts';
import { growthOf, isSteady, wordsOf } from './soak/memory.mts';
import { startSoakSite } from './soak/pages.mts';
import { Subscriber } from './soak/subscriber.mts';

const KEYS = ['soak-key-number-one', 'soak-key-number-two', 'soak-key-number-three'];
const BROWSERS = 2;
const PAGES_PER_BROWSER = 2;
/** Few, so that browsers are worn also in a short soak. */
const RECYCLE_JOBS = 15;
const SERVER_KILLS = 3;
/** Of the whole time, in which the server is killed. */
const SERVER_KILLING_SHARE = 0.25;
/** Of the whole time, in which browsers are killed and Claude fails. Then the load is even, and memory is watched. */
const TROUBLE_SHARE = 2 / 3;
/** With up to four orders each, two cores keep up with so many. */
const ACTORS = 8;
const DRAIN_MS = 180_000;
/** The blank page that a browser starts with takes a moment to go. */
const FRESH_MS = 2_000;
/** What closed just now may take a moment to be gone. */
const SETTLE_MS = 15_000;

/**
 * MB a minute that the lower end of a slope's interval may reach. What the server holds is level under an even load, and
 * a kilobyte a job would be 0.05. What is resident of it still grows by some 30 MB in its first four minutes, while it
 * compiles code and its arenas spread; that bound is for what is lost outside of JavaScript. Browsers are replaced by
 * jobs, age and memory: what they lose is bounded by that, and the bound is for what outlives them.
 */
const MOST_GROWTH = { held: 1, resident: 8, browsers: 20 };

/**
 * MB that idle ones may have more at the end than at the start. The server fills its caches and compiles code, 10 to 30 MB;
 * five minutes are some 200 jobs, so more than 0.2 MB a job shows. Browsers keep some of what their last pages needed.
 */
const MOST_MORE = { held: 40, browsers: 300 };

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
  const moods: Behaviour[] = [];
  const inspector = await freePort();
  const server = await ServerProcess.start(folder, {
    NODE_OPTIONS: `--inspect=127.0.0.1:${inspector}`,
    CRO_API_KEYS: KEYS.join(), CRO_BROWSERS: `${BROWSERS}`, CRO_PAGES_PER_BROWSER: `${PAGES_PER_BROWSER}`, CRO_ALLOW_HOSTS: new URL(site.origin).host,
    CRO_DEADLINE_MS: '90000', CRO_RECYCLE_JOBS: `${RECYCLE_JOBS}`,
    ANTHROPIC_API_KEY: 'test-key', ANTHROPIC_BASE_URL: claude.baseURL,
  });
  console.log(`A soak of ${minutes} minutes with seed ${seed}. Journal and log: ${folder}`);
  await delay(FRESH_MS);
  const fresh = presenceOf(server);
  const heldAtFirst = (await measure(server, inspector))?.held ?? NaN;

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
  const calm = new AbortController();
  const chaos = [killBrowsers(server, random.fork(), calm.signal, kills), trouble(claude, random.fork(), calm.signal, moods)];
  const serverKills = killServer(server, random.fork(), SERVER_KILLS, loadMs * SERVER_KILLING_SHARE, ACTORS * MAX_ORDERS, closing.signal);
  let working = ACTORS;
  const actors = Promise.all(Array.from({ length: ACTORS }, () => actor(world, random.fork()).then(() => { working -= 1; })));

  const killed = await serverKills;
  await delay(began + loadMs * TROUBLE_SHARE - Date.now());
  calm.abort();
  await Promise.all(chaos);
  const calmAt = Date.now();
  const watched = keptMemory(server, inspector, closing.signal);
  await delay(began + loadMs - Date.now());
  closing.abort();
  const kept = await watched;
  console.log('No more orders; waiting for what is open.');
  await Promise.race([actors, delay(DRAIN_MS)]);
  const stillWorking = working;
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

  verdicts.judge('the server was killed three times in the first half, and browsers until the last third, one of them as a whole', killed.length === SERVER_KILLS && kills.has(ROOT));
  verdicts.judge('the server ran whenever it was not killed', server.info !== undefined && entries.length > 0);
  verdicts.judge('every client came to its end', stillWorking === 0, `${ACTORS - stillWorking} of ${ACTORS}`);
  verdicts.judge('every accepted job has ended', open.length === 0, open);
  verdicts.judge('no client was told anything that contradicts what another was told', journal.contradictions.length === 0, journal.contradictions);
  const events = compareEvents(journal, subscribers);
  verdicts.judge('the subscribers of each key were told exactly one end of each job', events.length === 0, events);
  const without = untold(journal);
  verdicts.judge('every client that waited for an end was told it on a connection of its own', journal.waits.size > 0 && without.length === 0, without.length > 0 ? without : `${journal.waits.size} waits`);
  verdicts.judge('no end was told twice on one connection', journal.repeated.length === 0, journal.repeated);
  const odd = unexplained(journal);
  verdicts.judge('each end is explained by the page, by Claude, by kills or by its client', odd.length === 0, odd);
  const struck = crashes(journal, kills, killed, PAGES_PER_BROWSER);
  verdicts.judge('no more crashed than the kills explain', struck.every(({ kept }) => kept), struck.map(({ words }) => words));
  const good = goodPages(journal, PAGES_PER_BROWSER);
  verdicts.judge('good pages are done without Claude, whatever happens around them', good.kept, good.words);
  const byClaude = failuresOfClaude(journal, moods.slice(0, claude.requests.length));
  verdicts.judge('no more failed by Claude than its moods explain', byClaude.kept, byClaude.words);
  const foreign = await seenByOthers(server, journal, KEYS, 100);
  verdicts.judge('no other key sees a job', foreign.length === 0, foreign);

  const readiness = (): Promise<Readiness | undefined> => server.readiness().catch(() => undefined);
  const isFree = (now: Readiness | undefined): boolean => now !== undefined && now.slots.busy + now.jobs.queued + now.jobs.running === 0;
  await eventually(async () => isFree(await readiness()));
  const now = await readiness();
  verdicts.judge('the server answers, no slot is busy and no job is open', isFree(now), now ? JSON.stringify({ slots: now.slots, jobs: now.jobs }) : 'no answer');
  const worn = server.logged('a browser is worn and is being replaced');
  verdicts.judge('worn browsers were replaced', worn > 0, `${worn}`);
  const isIdle = (): boolean => {
    const { browsers, directories, renderers } = presenceOf(server);
    return browsers === BROWSERS && directories === BROWSERS && renderers <= fresh.renderers;
  };
  await eventually(isIdle);
  verdicts.judge('idle, the server has its browsers and nothing of their pages, as at its start', isIdle(), [JSON.stringify(presenceOf(server)), `at its start ${JSON.stringify(fresh)}`]);
  const heldAtLast = (await measure(server, inspector))?.held ?? NaN;
  verdicts.judge(`idle, the server holds at most ${MOST_MORE.held} MB more than at its start`, heldAtLast - heldAtFirst <= MOST_MORE.held * 2 ** 20, `${megabytes(heldAtFirst)} at first and ${megabytes(heldAtLast)} at last`);
  const idle = presenceOf(server);
  verdicts.judge(`idle, the browsers take at most ${MOST_MORE.browsers} MB more than at their start`, idle.bytes - fresh.bytes <= MOST_MORE.browsers * 2 ** 20, `${megabytes(fresh.bytes)} at first and ${megabytes(idle.bytes)} at last`);
  await eventually(async () => (await site.connections()) === 0);
  const pages = await site.connections();
  verdicts.judge('no page is open', pages === 0, `${pages} connections to the site`);

  sampler.look(server);
  over.abort();
  await Promise.all([...background, Promise.race([actors, delay(SETTLE_MS)])]);
  const exitCode = await server.stop();
  verdicts.judge('the server stops with exit code 0 when it is told to', exitCode === 0, `exit code ${exitCode}`);
  const stored = compareStore(server.dataDir, journal);
  verdicts.judge('the store has what was accepted and nothing else', stored.wrong.length === 0, stored.wrong.length > 0 ? stored.wrong : `${stored.endedAt.size} jobs`);
  const { late, slowestMs } = toldLate(journal, stored.endedAt, killed.map(({ upAt }) => upAt));
  verdicts.judge('no client was told late', late.length === 0, late.length > 0 ? late : `the slowest after ${(slowestMs / 1000).toFixed(1)} s`);
  await eventually(() => sampler.left(folder).length === 0);
  const left = sampler.left(folder).map(({ pid, command }) => `${pid} ${command.slice(0, 150)}`);
  verdicts.judge('no process is left', left.length === 0, left);
  verdicts.judge('no child was left a zombie', sampler.zombies.size === 0, [...sampler.zombies]);
  const files = [...await readdir(server.temporary), ...await readdir(join(server.dataDir, 'browsers')).catch(() => [])];
  verdicts.judge('the temporary directories are empty', files.length === 0, files);
  const calmed = sampler.samples.filter(({ at }) => at >= calmAt && at <= began + loadMs);
  for (const [part, samples, bound] of [
    ['what the server holds does not grow over the last third', kept.map(({ at, held }) => ({ at, bytes: held })), MOST_GROWTH.held],
    ['what is resident of the server does not grow over the last third', kept.map(({ at, resident }) => ({ at, bytes: resident })), MOST_GROWTH.resident],
    ['the memory of the browsers does not grow over the last third', calmed.map(({ at, browsers }) => ({ at, bytes: browsers })), MOST_GROWTH.browsers],
  ] as const) {
    const growth = growthOf(samples);
    verdicts.judge(part, isSteady(growth, bound), wordsOf(growth, bound));
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

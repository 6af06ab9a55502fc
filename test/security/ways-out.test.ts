import diagnostics from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AllowList, isPublicAddress } from '../../render-server/src/addresses.ts';
import { createResolver } from '../../render-server/src/browsers/dns.ts';
import { Lease } from '../../render-server/src/browsers/lease.ts';
import type { BrowserPool } from '../../render-server/src/browsers/pool.ts';
import { CHROMIUM } from '../support/chromium.ts';
import { type DnsServer, startDnsServer } from '../support/dns-server.ts';
import { startPool } from '../support/pool.ts';
import { type Inside, type Outside, startInside, startOutside, targetOf } from './arena.ts';
import { ALIASED } from './ways/addresses.ts';
import { WAYS } from './ways/all.ts';
import type { Way } from './ways/way.ts';

/**
 * A page does all it can to reach a listener that it may not reach. Each way is tried twice. In the control run a
 * Chromium without the gate takes every address for the listener's, and each way must arrive. With the server's own
 * pool and gate each must come as far as the gate, be refused there, and nothing may be dialled.
 */
const ALL: Readonly<Record<string, Way>> = Object.assign({}, ...Object.values(WAYS));
const WAIT = { timeout: 90_000, interval: 100 };

interface Arena { readonly inside: Inside; readonly outside: Outside }
interface Row { vectors: number; 'arrived without the gate': number; 'refused by the gate': number; 'addresses refused': number; 'stopped in the browser': number; 'arrived with the gate': number }

let control: Arena & { browser: Browser };
let guarded: Arena & { pool: BrowserPool };
let dns: DnsServer;
const rows: Record<string, Row> = {};
/** Hosts with ports that a gate refused: where ways share one, it tells only that one of them came. */
const addresses = new Set<string>();

/** Where this process dialled: the gates live in it. */
const dialled = new Set<string>();
const onSocket = (message: unknown): void => {
  (message as { socket: Socket }).socket.on('connectionAttempt', (ip: string, port: number) => dialled.add(`${ip}:${port}`));
};

async function startArena(): Promise<Arena> {
  const inside = await startInside();
  return { inside, outside: await startOutside(ALL, inside) };
}

beforeAll(async () => {
  diagnostics.subscribe('net.client.socket', onSocket);
  const [first, second] = [await startArena(), await startArena()];
  const to = (pattern: string, port: number): string => `MAP ${pattern} 127.0.0.1:${port}`;
  const rules = [to(`127.0.0.1:${first.outside.port}`, first.outside.port), to('second.test', first.outside.port), to(`*:${first.inside.securePort}`, first.inside.securePort), to('*', first.inside.port)];
  control = { ...first, browser: await chromium.launch({ executablePath: CHROMIUM, chromiumSandbox: false, args: [`--host-resolver-rules=${rules.join(', ')}`] }) };
  guarded = { ...second, pool: await startPool() };
  const answers = Object.entries(ALL).map(([id, way]): [string, readonly string[]] => [`${id}.inward.test`, way.answers ?? ['127.0.0.1']]);
  dns = await startDnsServer({ ...ALIASED, ...Object.fromEntries(answers), 'second.test': ['127.0.0.1'] });
});

afterAll(async () => {
  diagnostics.unsubscribe('net.client.socket', onSocket);
  await Promise.all([control.browser.close(), guarded.pool.close(), dns.close()]);
  for (const { inside, outside } of [control, guarded]) await Promise.all([inside.close(), outside.close()]);
});

/** Shows every way of a class, most in frames of one page, some in a tab of their own. */
async function show(context: BrowserContext, page: Page, outside: Outside, ways: Readonly<Record<string, Way>>): Promise<void> {
  const ids = Object.keys(ways);
  await page.goto(outside.framesOf(ids.filter((id) => !ways[id]?.tab)), { waitUntil: 'commit' });
  // A tab that is sent elsewhere at once breaks its own loading off.
  for (const id of ids.filter((id) => ways[id]?.tab)) await (await context.newPage()).goto(outside.documentOf(id), { waitUntil: 'commit' }).catch(() => undefined);
}

async function arrivedWithoutGate(ways: Readonly<Record<string, Way>>): Promise<number> {
  const { browser, inside, outside } = control;
  const context = await browser.newContext();
  try {
    await show(context, await context.newPage(), outside, ways);
    await expect.poll(() => Object.keys(ways).filter((id) => !inside.arrived.has(id)), WAIT).toEqual([]);
    return Object.keys(ways).length;
  } finally {
    await context.close();
  }
}

async function refusedByGate(ways: Readonly<Record<string, Way>>): Promise<string[]> {
  const { pool, inside, outside } = guarded;
  const allow = AllowList.parse([`127.0.0.1:${outside.port}`, `second.test:${outside.port}`]);
  const signal = AbortSignal.timeout(100_000);
  const lease = await Lease.open(await pool.acquire(signal), new URL(outside.documentOf('')), { allow, resolver: createResolver({ servers: [dns.address] }) }, signal);
  const tried = Object.entries(ways).filter(([, way]) => way.stopped === undefined);
  const target = (id: string, way: Way): URL => new URL(targetOf(id, way, /\{(https|wss)\}/.test(way.html) ? inside.securePort : inside.port));
  try {
    await lease.withPage({}, signal, async (page) => {
      await show(page.context(), page, outside, ways);
      await expect.poll(() => tried.filter(([id, way]) => lease.failureFor(target(id, way)) === undefined).map(([id]) => id), WAIT).toEqual([]);
    });
    const reasons = new Set(tried.map(([id, way]) => lease.failureFor(target(id, way))));
    expect([...reasons].filter((reason) => reason !== 'dns' && reason !== 'forbidden')).toEqual([]);
    return tried.map(([id, way]) => target(id, way).host);
  } finally {
    await lease.release();
  }
}

describe('a page that tries to reach a private address', () => {
  it.each(Object.entries(WAYS))('gets nowhere by %s, and everywhere without the gate', { timeout: 120_000 }, async (name, ways) => {
    const vectors = Object.keys(ways).length;
    const [arrived, refused] = await Promise.all([arrivedWithoutGate(ways), refusedByGate(ways)]);
    const { inside, outside } = guarded;
    rows[name] = { vectors, 'arrived without the gate': arrived, 'refused by the gate': refused.length, 'addresses refused': new Set(refused).size, 'stopped in the browser': vectors - refused.length, 'arrived with the gate': inside.arrived.size };
    for (const address of refused) addresses.add(address);
    expect([...inside.arrived]).toEqual([]);
    expect(inside.connections).toBe(0);
    expect([...dialled]).toEqual([`127.0.0.1:${outside.port}`]);
  });

  it('gets an answer that leads inside for each of its names', async () => {
    const resolver = createResolver({ servers: [dns.address] });
    const answers = await Promise.all(Object.keys(WAYS['DNS answers'] ?? {}).map((id) => resolver.resolve(`${id}.inward.test`)));
    expect(answers.filter((addresses) => addresses.every(({ address }) => isPublicAddress(address)))).toEqual([]);
  });

  it('has 400 ways or more to try', () => {
    const sum = (column: keyof Row): number => Object.values(rows).reduce((total, row) => total + row[column], 0);
    console.table({ ...rows, total: { vectors: sum('vectors'), 'arrived without the gate': sum('arrived without the gate'), 'refused by the gate': sum('refused by the gate'), 'addresses refused': addresses.size, 'stopped in the browser': sum('stopped in the browser'), 'arrived with the gate': sum('arrived with the gate') } });
    expect(sum('arrived without the gate')).toBeGreaterThanOrEqual(400);
    expect(addresses.size).toBeGreaterThanOrEqual(400);
    expect(sum('arrived with the gate')).toBe(0);
  });
});

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { RenderClient } from '@cro-analyzer/protocol/client';
import { SUBPROTOCOLS } from '@cro-analyzer/protocol/messages';
import { expect } from 'vitest';
import { privateMemory } from '../../render-server/src/browsers/processes.ts';
import type { Health, Pressure } from '../../render-server/src/telemetry/health.ts';
import { storeEndedJobs } from './ended-jobs.ts';
import type { Fuzz } from './fuzz.ts';
import { RawSocket } from './raw-socket.ts';
import { spawnServer, type ServerProcess } from './server-process.ts';
import { startSite, type Site } from './site.ts';
import { PRODUCT } from './sites/product.ts';

/** Keys of the two clients. */
export const HOSTILE = 'key-of-a-hostile-client';
const GOOD = 'key-of-a-good-client';

/** A heap in which what ordinary work needs has room, and little besides: what is kept for hostile clients ends the process. */
const HEAP_MB = 192;

/** A server as a process of its own, that is used well and badly at once. */
export class Scene {
  readonly server: ServerProcess;
  readonly url: string;
  /** Jobs of the hostile client that have ended. */
  readonly jobs: readonly string[];
  /** A page that never answers. */
  readonly never: string;
  readonly #site: Site;
  readonly #dataDir: string;

  private constructor(server: ServerProcess, jobs: readonly string[], site: Site, dataDir: string) {
    this.server = server;
    this.url = server.url;
    this.jobs = jobs;
    this.never = `${site.origin}/never`;
    this.#site = site;
    this.#dataDir = dataDir;
  }

  static async start(env: Record<string, string> = {}): Promise<Scene> {
    const site = await startSite({ '/page': PRODUCT, '/never': () => {} });
    const dataDir = await mkdtemp(join(tmpdir(), 'cro-test-'));
    const owner = createHash('sha256').update(HOSTILE).digest('hex').slice(0, 16);
    const jobs = await storeEndedJobs(dataDir, { owner, count: 200, bytes: 1_000 });
    return new Scene(await spawnServer({ CRO_DATA_DIR: dataDir, CRO_API_KEYS: `${HOSTILE},${GOOD}`, NODE_OPTIONS: `--max-old-space-size=${HEAP_MB}`, ...env }), jobs, site, dataDir);
  }

  /** A well-behaved client at work. */
  bystander(): Bystander {
    return new Bystander(this.url, GOOD, `${this.#site.origin}/page`);
  }

  /** Memory that is the server's own process's alone, in MB. */
  get memory(): number {
    return Math.round(privateMemory([this.server.child.pid!]) / 2 ** 20);
  }

  /** The process lives and says that it is well, what others did has left nothing in the queue, and it has nothing to complain of. */
  async expectWell(): Promise<void> {
    const { child, log } = this.server;
    const get = async (path: string): Promise<unknown> => (await fetch(this.url + path)).json();
    expect(await get('/healthz')).toMatchObject({ ok: true });
    expect(await get('/readyz') as Health).toMatchObject({ ready: true, reasons: [] });
    expect((await get('/pressure') as Pressure).queue.length).toBeLessThanOrEqual(1); // the bystander's
    expect([child.exitCode, child.signalCode]).toEqual([null, null]);
    expect(log.filter((line) => !/"level":[1-3]0,/.test(line) && !line.includes('sandbox'))).toEqual([]);
  }

  async close(): Promise<void> {
    const exit = await this.server.end('SIGTERM');
    await rm(this.#dataDir, { recursive: true, force: true });
    await this.#site.close();
    expect(exit).toEqual([0, null]);
  }
}

/** A client that has one page analysed after the other for as long as others misbehave. */
export class Bystander {
  readonly #client: RenderClient;
  readonly #working: Promise<void>;
  #stopping = false;
  /** Pages analysed so far. */
  served = 0;

  constructor(url: string, token: string, page: string) {
    this.#client = new RenderClient({ url, token, client: 'bystander', sleep: (ms, signal) => delay(ms, undefined, { signal }) });
    this.#working = this.#work(page);
    this.#working.catch(() => {}); // told by stop
  }

  /** Waits for the page in hand. Rejects when any of them was not analysed. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#working;
    await this.#client.close();
  }

  async #work(url: string): Promise<void> {
    while (!this.#stopping) {
      const { findings } = await this.#client.submit({ url, devices: ['mobile'], analyst: 'rules', screenshots: false }).result;
      expect(findings.length).toBeGreaterThan(0);
      this.served += 1;
    }
  }
}

/** Close codes of docs/protocol.md and RFC 6455 for clients that do not keep to the protocol; 1006 is a connection that was cut. */
const CLOSED_FOR = { stranger: [1006, 1007, 4401], breach: [1006, 1007] };

/** Frames that one session sends. */
const PER_SESSION = 50;

/**
 * Sends fuzzed frames in sessions of both codecs, every third before any hello. Every frame that cannot be read must get
 * `rejected`, unless the connection was closed for a reason.
 */
export async function sendFuzzed(url: string, fuzz: Fuzz, frames: number): Promise<void> {
  for (let session = 0; session < frames / PER_SESSION; session += 1) {
    const subprotocol = SUBPROTOCOLS[session % 2]!;
    const stranger = session % 3 === 0;
    const socket = await (stranger ? RawSocket.open(url, subprotocol) : RawSocket.hello(url, subprotocol, HOSTILE));
    const closed = once(socket.socket, 'close');
    const sent = Array.from({ length: PER_SESSION }, () => fuzz.frame(subprotocol));
    for (const { data, binary } of sent) socket.socket.send(data, { binary });
    socket.send({ type: 'the last', ref: 'the last' });
    const answered = await socket.until(() => socket.of('rejected').some(({ ref }) => ref === 'the last')).then(() => true, () => false);
    if (answered) {
      expect(socket.of('rejected').length - 1).toBeGreaterThanOrEqual(sent.filter(({ readable }) => !readable).length);
      expect(socket.of('rejected').filter(({ error }) => error.code === 'internal')).toEqual([]);
    } else {
      const [code] = await closed;
      expect(stranger ? CLOSED_FOR.stranger : sent.some(({ breaks }) => breaks) ? CLOSED_FOR.breach : []).toContain(code);
    }
    socket.close();
  }
}

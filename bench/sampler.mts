/** Looks at the server and its browsers from outside, every two seconds. */
import { setTimeout as delay } from 'node:timers/promises';
import { allProcesses, mentions, processInfo, type ProcessInfo } from './processes.mts';
import type { ServerProcess } from './server-process.mts';

const EVERY_MS = 2_000;

export interface Sample {
  /** Milliseconds since the epoch. */
  at: number;
  /** Resident memory in bytes; of the browsers, the sum over all their processes. */
  server: number;
  browsers: number;
}

export class Sampler {
  readonly samples: Sample[] = [];
  /** Dead children that the server had not collected two seconds later. What a browser does with its own is its affair. */
  readonly zombies = new Set<string>();
  /** Every process of the servers and browsers that was ever seen, with its start. */
  readonly #seen = new Map<string, ProcessInfo>();
  #dead = new Set<string>();

  async run(server: ServerProcess, until: AbortSignal): Promise<void> {
    while (!until.aborted) {
      this.look(server);
      await delay(EVERY_MS, undefined, { signal: until }).catch(() => {});
    }
  }

  look(server: ServerProcess): void {
    const { info } = server;
    if (!info) return; // killed, and not started again yet
    const browsers = server.browsers();
    for (const seen of [info, ...browsers]) this.#seen.set(idOf(seen), seen);
    const dead = new Set(browsers.filter(({ state, parent }) => state === 'Z' && parent === info.pid).map(idOf));
    for (const id of dead) if (this.#dead.has(id)) this.zombies.add(id);
    this.#dead = dead;
    this.samples.push({ at: Date.now(), server: info.rss, browsers: browsers.reduce((sum, { rss }) => sum + rss, 0) });
  }

  /**
   * Processes of ours that live: those that were seen, and those that have the folder's name about them. The dead whose
   * parents are gone are left to init.
   */
  left(folder: string): ProcessInfo[] {
    const known = [...this.#seen.values()].flatMap((seen) => {
      const now = processInfo(seen.pid);
      return now && idOf(now) === idOf(seen) ? [now] : [];
    });
    const others = allProcesses().filter((info) => info.pid !== process.pid && mentions(info, folder));
    return [...new Map([...known, ...others].map((info) => [idOf(info), info])).values()].filter(({ state }) => state !== 'Z');
  }
}

/** Process ids come again; with the start they do not. */
const idOf = ({ pid, startedAt }: ProcessInfo): string => `${pid}@${startedAt}`;

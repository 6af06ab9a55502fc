/** What goes wrong around the server, all the time. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Behaviour, FakeClaude } from '../../test/support/fake-claude.ts';
import type { Random } from '../random.mts';
import type { ServerProcess } from '../server-process.mts';

const KILL_EVERY_MS = [15_000, 20_000] as const;
/** Time without a server, as a supervisor would need to start it again. */
const DOWN_MS = [0, 3_000] as const;

/** Processes of browsers that were killed, by what they were. */
export type Kills = Map<string, number>;

/** Kind of the process that is a browser; the others are of its making. */
export const ROOT = 'the browser itself';

/** The processes of the browsers with their kinds. Debian's browser is started by a shell that waits for it: that is none of them. */
export function browserProcesses(server: ServerProcess): { pid: number; kind: string }[] {
  return server.browsers().filter(({ command }) => command.includes('--') && !/^\S*\/sh /.test(command))
    .map(({ pid, command }) => ({ pid, kind: /--type=([\w-]+)/.exec(command)?.[1] ?? (command.includes('--user-data-dir=') ? ROOT : 'helper') }));
}

/** Kills a process of the browsers now and then: first a browser itself, then each kind as often as any other. */
export async function killBrowsers(server: ServerProcess, random: Random, until: AbortSignal, kills: Kills): Promise<void> {
  for (;;) {
    await delay(random.between(...KILL_EVERY_MS), undefined, { signal: until }).catch(() => {});
    if (until.aborted) return;
    const kinds = Map.groupBy(browserProcesses(server), ({ kind }) => kind);
    const chosen = kills.has(ROOT) ? random.pick([...kinds.keys(), ROOT]) : ROOT;
    const processes = kinds.get(chosen);
    if (!processes) continue; // the server is just starting
    const { pid, kind } = random.pick(processes);
    try {
      process.kill(pid, 'SIGKILL');
      kills.set(kind, (kills.get(kind) ?? 0) + 1);
    } catch {
      // It ended by itself just now.
    }
  }
}

/** A kill of the server and the start after it, in ms since the epoch. */
export interface ServerKill {
  at: number;
  upAt: number;
  /** Jobs that it had begun and not ended. */
  running: number;
}

/**
 * Kills the server and starts it again, at moments spread over a time. Ends early with the signal.
 * @param mostRunning what counts as running where the server does not say it
 */
export async function killServer(server: ServerProcess, random: Random, times: number, withinMs: number, mostRunning: number, until: AbortSignal): Promise<ServerKill[]> {
  const kills: ServerKill[] = [];
  const share = withinMs / times;
  const began = Date.now();
  for (let n = 0; n < times; n += 1) {
    const at = began + share * (n + random.between(0.3, 0.9));
    await delay(Math.max(0, at - Date.now()), undefined, { signal: until });
    const running = await server.readiness().then(({ jobs }) => jobs.running, () => mostRunning);
    await server.kill();
    const killedAt = Date.now();
    await delay(random.between(...DOWN_MS));
    await start(server);
    kills.push({ at: killedAt, upAt: Date.now(), running });
  }
  return kills;
}

/** As a supervisor does it: a start that fails, as when the first browser is killed meanwhile, is tried again. */
async function start(server: ServerProcess): Promise<void> {
  for (let left = 2; ; left -= 1) {
    try {
      return await server.restart();
    } catch (error) {
      if (left === 0) throw error;
    }
  }
}

const MOODS: readonly { weight: number; calls: readonly Behaviour[] }[] = [
  { weight: 80, calls: [{ kind: 'answer' }] },
  { weight: 3, calls: [{ kind: 'status', status: 429, retryAfter: '1' }] },
  { weight: 3, calls: [{ kind: 'status', status: 500 }] },
  { weight: 3, calls: [{ kind: 'status', status: 529 }] },
  { weight: 1, calls: Array.from({ length: 12 }, (): Behaviour => ({ kind: 'status', status: 529 })) },
  { weight: 3, calls: [{ kind: 'error-event' }] },
  { weight: 3, calls: [{ kind: 'cut', after: 0 }] },
  { weight: 2, calls: [{ kind: 'eof' }] },
  { weight: 1, calls: [{ kind: 'stall' }] },
  { weight: 2, calls: [{ kind: 'max-tokens' }] },
  { weight: 1, calls: [{ kind: 'refusal' }] },
];

/** Calls of the longest trouble: so far ahead Claude is told how it will go. */
const AHEAD = 12;

/**
 * Tells Claude how its next calls go until the signal fires, and after that it answers: most are answered, the others
 * fail in every known way, at times several in a row.
 * @param moods gets them all, in the order of the calls
 */
export async function trouble(claude: FakeClaude, random: Random, until: AbortSignal, moods: Behaviour[]): Promise<void> {
  while (!until.aborted) {
    while (moods.length < claude.requests.length + AHEAD) {
      const next = random.weighted(MOODS).calls;
      claude.behave(...next);
      moods.push(...next);
    }
    await delay(100, undefined, { signal: until }).catch(() => {});
  }
}

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { CHROMIUM } from './chromium.ts';

/** The server as an operator runs it: a process of its own. */
export interface ServerProcess {
  readonly child: ChildProcess;
  readonly url: string;
  /** Lines that it wrote so far: its log, and what should not be there. */
  readonly log: string[];
  /** Sends a signal and waits for the end of the process: its exit code and signal. */
  end(signal: NodeJS.Signals): Promise<[code: number | null, signal: NodeJS.Signals | null]>;
}

/** A start takes a second or two; this is for a busy machine. */
const SERVES_WITHIN_MS = 60_000;

/**
 * Starts `main.ts` on a free port; resolves when it serves. It ends with this process.
 * @throws with its log when it ends before, or does not serve within a minute
 */
export async function spawnServer(env: Record<string, string>): Promise<ServerProcess> {
  const child = spawn(process.execPath, ['render-server/src/main.ts'], {
    cwd: join(import.meta.dirname, '../..'),
    env: {
      PATH: process.env['PATH'], HOME: process.env['HOME'],
      CRO_CHROMIUM_PATH: CHROMIUM, CRO_PORT: '0', CRO_BROWSERS: '1', CRO_ALLOW_HOSTS: '127.0.0.1',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  const log: string[] = [];
  const serving = Promise.withResolvers<string>();
  createInterface({ input: child.stdout }).on('line', (line) => log.push(line));
  createInterface({ input: child.stderr }).on('line', (line) => {
    log.push(line);
    if (!line.includes('"serving"')) return;
    serving.resolve((JSON.parse(line) as { url: string }).url);
  });
  const failed = (): void => serving.reject(new Error(`the server did not start:\n${log.join('\n')}`));
  child.once('exit', () => {
    process.off('exit', kill);
    failed();
  });
  const timer = setTimeout(() => {
    kill();
    failed();
  }, SERVES_WITHIN_MS);
  const url = await serving.promise.finally(() => clearTimeout(timer));
  return {
    child, url, log,
    async end(signal) {
      if (child.exitCode !== null || child.signalCode !== null) return [child.exitCode, child.signalCode];
      const exited = once(child, 'exit');
      child.kill(signal);
      const [code, by] = await exited;
      return [code, by];
    },
  };
}

/** The render server as an operator runs it, with a folder of its own; it can be killed and started again there. */
import { appendFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../scripts/lab.mts';
import { spawnServer, type ServerProcess as Spawned } from '../test/support/server-process.ts';
import { allProcesses, descendants, processInfo, type ProcessInfo } from './processes.mts';

const STOPS_WITHIN_MS = 10_000;

/** What Node says itself when its inspector is open. */
const INSPECTOR = /^(?:Debugger (?:listening|attached|ending)|For help, see: )/;

/** What a server says of itself at /readyz. */
export interface Readiness {
  slots: { total: number; busy: number };
  jobs: { queued: number; running: number };
}

export class ServerProcess {
  readonly url: string;
  readonly dataDir: string;
  /** The server's and its browsers' TMPDIR. */
  readonly temporary: string;
  /** File with what it wrote, completed whenever it ends. */
  readonly log: string;
  readonly #env: Record<string, string>;
  #spawned: Spawned | undefined;

  private constructor(folder: string, port: number, env: Record<string, string>) {
    this.url = `http://127.0.0.1:${port}`;
    this.dataDir = join(folder, 'data');
    this.temporary = join(folder, 'tmp');
    this.log = join(folder, 'server.log');
    mkdirSync(this.temporary, { recursive: true });
    this.#env = { HOME: folder, TMPDIR: this.temporary, CRO_PORT: String(port), CRO_DATA_DIR: this.dataDir, ...env };
  }

  /**
   * Starts a server and waits until it serves.
   * @param folder for its data, its temporary files and its log
   * @param env variables beside port, folders and browser
   */
  static async start(folder: string, env: Record<string, string>): Promise<ServerProcess> {
    const server = new ServerProcess(folder, await freePort(), env);
    await server.restart();
    return server;
  }

  /** The server itself; undefined while it does not run. */
  get info(): ProcessInfo | undefined {
    const { child } = this.#spawned ?? {};
    return child?.pid !== undefined && child.exitCode === null && child.signalCode === null ? processInfo(child.pid) : undefined;
  }

  /** What the server has started: its browsers. */
  browsers(all = allProcesses()): ProcessInfo[] {
    const { info } = this;
    return info ? descendants(info.pid, all) : [];
  }

  /** Ends the process in the middle of whatever it does; its browsers are not told. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Starts it again on the same port and folder. */
  async restart(): Promise<void> {
    this.#spawned = await spawnServer(this.#env);
  }

  /** Asks it to stop. @returns its exit code; null when it had to be killed after ten seconds */
  async stop(): Promise<number | null> {
    const over = new AbortController();
    void delay(STOPS_WITHIN_MS, undefined, { signal: over.signal }).then(() => this.#spawned?.child.kill('SIGKILL'), () => {});
    const code = await this.#end('SIGTERM');
    over.abort();
    return code;
  }

  /** Asks over HTTP. @throws when there is no answer within five seconds */
  fetch(path: string, init: RequestInit & { key?: string } = {}): Promise<Response> {
    const { key, headers, signal, ...rest } = init;
    const bounded = AbortSignal.any([AbortSignal.timeout(5_000), ...(signal ? [signal] : [])]);
    return fetch(this.url + path, { ...rest, signal: bounded, headers: { ...(key ? { authorization: `Bearer ${key}` } : {}), ...headers } });
  }

  /** @throws when there is no answer within five seconds */
  async readiness(): Promise<Readiness> {
    return await (await this.fetch('/readyz')).json() as Readiness;
  }

  /** How often it logged what, from warnings up. */
  complaints(): Map<string, number> {
    const complaints = this.#lines().flatMap((line) => {
      if (!line.startsWith('{')) return INSPECTOR.test(line) ? [] : [line];
      const { level, msg } = JSON.parse(line) as { level: number; msg: string };
      return level < 40 ? [] : [`${level < 50 ? 'warning' : 'error'}: ${msg.slice(0, 80)}`];
    });
    return new Map([...Map.groupBy(complaints, (line) => line)].map(([line, same]) => [line, same.length]));
  }

  /** How many lines of its log hold this. */
  logged(text: string): number {
    return this.#lines().filter((line) => line.includes(text)).length;
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    const [code] = await this.#spawned?.end(signal) ?? [null];
    const lines = this.#spawned?.log.splice(0) ?? [];
    if (lines.length > 0) appendFileSync(this.log, `${lines.join('\n')}\n`);
    return code;
  }

  /** Of all its lives. */
  #lines(): string[] {
    let earlier = '';
    try {
      earlier = readFileSync(this.log, 'utf8');
    } catch {
      // Its first life goes on.
    }
    return [...earlier.split('\n'), ...this.#spawned?.log ?? []].filter((line) => line !== '');
  }
}

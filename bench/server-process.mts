/** The render server as an operator runs it: a process of its own, with a folder of its own. */
import { createWriteStream, mkdirSync, readFileSync, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import { ROOT, Service, freePort } from '../scripts/lab.mts';
import { CHROMIUM } from '../test/support/chromium.ts';
import { allProcesses, descendants, processInfo, type ProcessInfo } from './processes.mts';

/** A start takes a second or two; this is for a busy machine. */
const READY_WITHIN_MS = 60_000;

/** What Node says itself when its inspector is open. */
const INSPECTOR = /^(?:Debugger (?:listening|attached|ending)|For help, see: )/;

export class ServerProcess {
  readonly url: string;
  readonly dataDir: string;
  /** The server's and its browsers' TMPDIR. */
  readonly temporary: string;
  readonly log: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #output: WriteStream;
  #service: Service;

  private constructor(folder: string, port: number, env: Record<string, string>) {
    this.url = `http://127.0.0.1:${port}`;
    this.dataDir = join(folder, 'data');
    this.temporary = join(folder, 'tmp');
    this.log = join(folder, 'server.log');
    mkdirSync(this.temporary, { recursive: true });
    this.#output = createWriteStream(this.log, { flags: 'a' });
    this.#env = {
      PATH: process.env['PATH'], HOME: folder, TMPDIR: this.temporary,
      CRO_CHROMIUM_PATH: CHROMIUM, CRO_PORT: String(port), CRO_DATA_DIR: this.dataDir, ...env,
    };
    this.#service = this.#spawn();
  }

  /**
   * Starts a server and waits until it is ready.
   * @param folder for its data, its temporary files and its log
   * @param env variables beside port, folders and browser
   */
  static async start(folder: string, env: Record<string, string>): Promise<ServerProcess> {
    const server = new ServerProcess(folder, await freePort(), env);
    await server.#ready();
    return server;
  }

  get pid(): number {
    return this.#service.pid;
  }

  get running(): boolean {
    return this.#service.running;
  }

  /** The server itself; undefined while it does not run. */
  get info(): ProcessInfo | undefined {
    return this.running ? processInfo(this.pid) : undefined;
  }

  /** What the server has started: its browsers. */
  browsers(all = allProcesses()): ProcessInfo[] {
    return this.running ? descendants(this.pid, all) : [];
  }

  /** Ends the process in the middle of whatever it does; its browsers are not told. */
  async kill(): Promise<void> {
    process.kill(this.pid, 'SIGKILL');
    await this.#service.ended;
  }

  /** Starts it again on the same port and folder. */
  async restart(): Promise<void> {
    this.#service = this.#spawn();
    await this.#ready();
  }

  /** Asks it to stop. @returns its exit code; null when it had to be killed after ten seconds */
  stop(): Promise<number | null> {
    return this.#service.stop();
  }

  /** Asks over HTTP. @throws when there is no answer within five seconds */
  fetch(path: string, init: RequestInit & { key?: string } = {}): Promise<Response> {
    const { key, headers, signal, ...rest } = init;
    const bounded = AbortSignal.any([AbortSignal.timeout(5_000), ...(signal ? [signal] : [])]);
    return fetch(this.url + path, { ...rest, signal: bounded, headers: { ...(key ? { authorization: `Bearer ${key}` } : {}), ...headers } });
  }

  /** How often it logged what, from warnings up. */
  complaints(): Map<string, number> {
    const lines = readFileSync(this.log, 'utf8').split('\n').filter((line) => line !== '' && !INSPECTOR.test(line));
    const complaints = lines.flatMap((line) => {
      if (!line.startsWith('{')) return [line];
      const { level, msg } = JSON.parse(line) as { level: number; msg: string };
      return level < 40 ? [] : [`${level < 50 ? 'warning' : 'error'}: ${msg.slice(0, 80)}`];
    });
    return new Map([...Map.groupBy(complaints, (line) => line)].map(([line, same]) => [line, same.length]));
  }

  #spawn(): Service {
    const service = new Service('the render server', process.execPath, ['render-server/src/main.ts'], { cwd: ROOT, env: this.#env });
    service.pipe(this.#output);
    return service;
  }

  #ready(): Promise<void> {
    return this.#service.ready(`${this.url}/readyz`, READY_WITHIN_MS);
  }
}

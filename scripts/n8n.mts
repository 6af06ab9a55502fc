/** A real n8n in a fresh user folder, with our packed node installed, driven over REST as its editor does. */
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Service, freePort, installPackages, lab, run } from './lab.mts';

/** 2.41.3 pins packages that the registry lacks. */
const VERSION = '2.41.1';
const READY_WITHIN_MS = 120_000;
const ANSWER_WITHIN_MS = 60_000;

/** What the editor hears on its push channel. */
interface PushMessage {
  type: string;
  data: { executionId?: string; status?: string; messages?: unknown[] };
}

export interface NodeRun {
  executionStatus: string;
  hints?: { message: string }[];
  data?: { main: ({ json: Record<string, unknown>; binary?: Record<string, { fileName?: string }>; pairedItem?: unknown }[] | null)[] };
}

export interface Execution {
  status: string;
  data: { resultData: { runData: Record<string, NodeRun[]>; error?: { message: string; description?: string } } };
}

/** Installs n8n into the cache folder unless it is there: about four minutes and 3 GB, once. @returns its folder */
export async function installN8n(): Promise<string> {
  const app = join(await lab(`n8n-${VERSION}`), 'app');
  await installPackages(app, [`n8n@${VERSION}`], `Installing n8n ${VERSION} (about 4 minutes, once) ...`);
  if (!existsSync(join(app, 'node_modules/sqlite3/build/Release/node_sqlite3.node'))) {
    console.log('Compiling sqlite3 for n8n (about 1 minute, once) ...');
    await run('npm', ['rebuild', 'sqlite3'], { cwd: app, show: true });
  }
  return app;
}

export class N8n {
  readonly #service: Service;
  readonly #url: string;
  readonly #app: string;
  readonly #messages: PushMessage[] = [];
  readonly #listeners = new Set<() => void>();
  #cookie = '';
  #push: WebSocket | undefined;

  private constructor(service: Service, url: string, app: string) {
    this.#service = service;
    this.#url = url;
    this.#app = app;
  }

  /** Installs the tarball as n8n does for its user, starts n8n in `home`, signs its owner up and opens the push channel. */
  static async start(app: string, home: string, tarball: string): Promise<N8n> {
    const packages = join(home, '.n8n/nodes');
    await mkdir(packages, { recursive: true });
    await writeFile(join(packages, 'package.json'), '{ "private": true }\n');
    await run('npm', ['install', '--ignore-scripts', '--legacy-peer-deps', '--no-audit', '--no-fund', '--offline', tarball], { cwd: packages });
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const service = new Service('n8n', process.execPath, [join(app, 'node_modules/n8n/bin/n8n'), 'start'], {
      cwd: home,
      env: {
        PATH: process.env.PATH,
        HOME: home,
        N8N_USER_FOLDER: home,
        N8N_LISTEN_ADDRESS: '127.0.0.1',
        N8N_PORT: String(port),
        N8N_RUNNERS_BROKER_PORT: String(await freePort()),
        N8N_ENCRYPTION_KEY: 'only-for-this-test',
        N8N_SECURE_COOKIE: 'false',
        N8N_DIAGNOSTICS_ENABLED: 'false',
        N8N_PERSONALIZATION_ENABLED: 'false',
        N8N_VERSION_NOTIFICATIONS_ENABLED: 'false',
        N8N_TEMPLATES_ENABLED: 'false',
        N8N_HIRING_BANNER_ENABLED: 'false',
        N8N_VERIFIED_PACKAGES_ENABLED: 'false',
        N8N_DISABLED_MODULES: 'mcp-registry',
      },
    });
    const n8n = new N8n(service, url, app);
    try {
      await service.ready(`${url}/healthz/readiness`, READY_WITHIN_MS);
      await n8n.#signUp();
      await n8n.#listen();
      return n8n;
    } catch (error) {
      await n8n.close();
      throw error;
    }
  }

  /** One REST call. @returns the `data` of the answer @throws Error with the answer's text unless it is 2xx */
  async call<T>(method: 'GET' | 'POST', path: string, body?: object): Promise<T> {
    const response = await fetch(`${this.#url}${path}`, {
      method,
      headers: { 'content-type': 'application/json', cookie: this.#cookie, 'push-ref': 'test' },
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: HTTP ${response.status} ${text.slice(0, 500)}`);
    this.#cookie ||= response.headers.getSetCookie().map((cookie) => cookie.split(';')[0]).join('; ');
    const answer = JSON.parse(text) as T | { data: T };
    return typeof answer === 'object' && answer !== null && 'data' in answer ? answer.data : answer;
  }

  /** Starts the workflow as the editor's button does. @returns the execution's id */
  async run(workflow: { id: string }, trigger: string): Promise<string> {
    const { executionId } = await this.call<{ executionId: string }>('POST', `/rest/workflows/${workflow.id}/run`, {
      triggerToStartFrom: { name: trigger },
    });
    return executionId;
  }

  /** Waits for a push message. @throws Error when none comes in time */
  async heard(matches: (message: PushMessage) => boolean, withinMs: number): Promise<PushMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<PushMessage>();
    const look = (): void => {
      const found = this.#messages.find(matches);
      if (found) resolve(found);
    };
    const timer = setTimeout(() => reject(new Error(`n8n did not say what was waited for\n${this.#service.output}`)), withinMs);
    this.#listeners.add(look);
    look();
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#listeners.delete(look);
    }
  }

  /** The stored execution, once it has ended. */
  async execution(id: string, withinMs: number): Promise<Execution> {
    await this.heard(({ type, data }) => type === 'executionFinished' && data.executionId === id, withinMs);
    const stored = await this.call<{ status: string; data: string }>('GET', `/rest/executions/${id}`);
    const { parse } = createRequire(join(this.#app, 'package.json'))('flatted') as { parse(text: string): Execution['data'] };
    return { status: stored.status, data: parse(stored.data) };
  }

  /** What nodes wrote to the browser's console, in order. */
  get console(): unknown[] {
    return this.#messages.flatMap(({ type, data }) => (type === 'sendConsoleMessage' ? data.messages ?? [] : []));
  }

  async close(): Promise<void> {
    this.#push?.close();
    await this.#service.stop();
  }

  async #signUp(): Promise<void> {
    await this.call('POST', '/rest/owner/setup', { email: 'owner@example.com', firstName: 'Test', lastName: 'Owner', password: 'Password-1234' });
  }

  async #listen(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    // Node's WebSocket takes headers, which the DOM's type does not know.
    const options: object = { headers: { cookie: this.#cookie, origin: this.#url } };
    const push = new WebSocket(`${this.#url.replace('http', 'ws')}/rest/push?pushRef=test`, options as string[]);
    this.#push = push;
    push.onopen = () => resolve();
    push.onerror = () => reject(new Error('n8n refused the push channel'));
    push.binaryType = 'arraybuffer'; // n8n sends what is large as binary
    push.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      this.#messages.push(JSON.parse(typeof data === 'string' ? data : new TextDecoder().decode(data)) as PushMessage);
      for (const listener of this.#listeners) listener();
    };
    await promise;
  }
}

/** What the scripts around real processes share: a scratch folder outside the repository, and processes that end. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Writable } from 'node:stream';

/** The repository's root. */
export const ROOT = resolve(import.meta.dirname, '..');

/** The cache folder of that name, made if missing. It lies outside the repository and is used again by the next run. */
export async function lab(name: string): Promise<string> {
  const folder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'cro-analyzer', name);
  await mkdir(folder, { recursive: true });
  return folder;
}

/** Installs packages into a folder of their own, without their scripts, unless an earlier run has done so. */
export async function installPackages(folder: string, packages: string[], note: string): Promise<void> {
  if (existsSync(join(folder, 'node_modules/.package-lock.json'))) return; // npm writes it last
  console.log(note);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{ "private": true }\n');
  await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', ...packages], { cwd: folder, show: true });
}

/**
 * Runs a command to its end.
 * @param options.show pass its output through, for a command that takes minutes
 * @returns its standard output, empty when shown
 * @throws Error with the end of its output when it fails
 */
export async function run(command: string, args: string[], options: { cwd: string; show?: boolean }): Promise<string> {
  const child = spawn(command, args, { cwd: options.cwd, stdio: ['ignore', options.show ? 'inherit' : 'pipe', options.show ? 'inherit' : 'pipe'] });
  const output = { stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk: Buffer) => { output.stdout += chunk.toString(); });
  child.stderr?.on('data', (chunk: Buffer) => { output.stderr += chunk.toString(); });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}\n${(output.stdout + output.stderr).slice(-4000)}`);
  return output.stdout;
}

/** Packs the node as it would be published and returns the tarball's path. */
export async function packNode(folder: string): Promise<string> {
  await run('npm', ['run', '--silent', 'build'], { cwd: ROOT });
  const [packed] = JSON.parse(await run('npm', ['pack', '--silent', '--json', '--ignore-scripts', '--pack-destination', folder], { cwd: ROOT })) as { filename: string }[];
  if (!packed) throw new Error('npm pack named no tarball');
  return join(folder, packed.filename);
}

/** A port of the loopback interface that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Those that run: whatever way this process ends, they end with it. */
const services = new Set<Service>();
process.once('exit', () => { for (const service of services) service.kill(); });
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

/** A long-running process in a group of its own, whose output is kept for the error message. */
export class Service {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;
  #output = '';

  constructor(name: string, command: string, args: string[], options: { cwd: string; env: NodeJS.ProcessEnv }) {
    this.name = name;
    this.#child = spawn(command, args, { ...options, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#closed = once(this.#child, 'close');
    services.add(this);
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk: Buffer) => { this.#output = (this.#output + chunk.toString()).slice(-20_000); });
    }
  }

  get pid(): number {
    return this.#child.pid ?? NaN;
  }

  /** Resolves when it has ended, whatever way. */
  get ended(): Promise<unknown> {
    return this.#closed;
  }

  /** The last of what it printed. */
  get output(): string {
    return this.#output;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Lets what it prints go to a stream as well. */
  pipe(to: Writable): void {
    for (const stream of [this.#child.stdout, this.#child.stderr]) stream?.pipe(to, { end: false });
  }

  /** Polls `url` until it answers 2xx. @throws Error with the process's output when it ends or the time is over */
  async ready(url: string, withinMs: number): Promise<void> {
    const until = Date.now() + withinMs;
    while (Date.now() < until && this.running) {
      const answer = await fetch(url, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
      if (answer?.ok) return;
      await new Promise((wake) => setTimeout(wake, 200));
    }
    throw new Error(`${this.name} is not ready at ${url}\n${this.#output}`);
  }

  /** Asks it to stop, and after ten seconds ends its whole group. @returns its exit code, null when it was killed */
  async stop(): Promise<number | null> {
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.kill(), 10_000);
    await this.#closed;
    clearTimeout(timer);
    this.kill(); // what it started itself and left behind
    return this.#child.exitCode;
  }

  /** Ends its whole group at once. */
  kill(): void {
    services.delete(this);
    try {
      if (this.#child.pid) process.kill(-this.#child.pid, 'SIGKILL');
    } catch {
      // The group has ended already.
    }
  }
}

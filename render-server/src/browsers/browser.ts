import { readFileSync, readdirSync } from 'node:fs';
import { setPriority } from 'node:os';
import { chromium, type Browser as PlaywrightBrowser, type BrowserContext, type BrowserContextOptions } from 'playwright-core';
import type { Logger } from 'pino';
import { endsWithin, orAbort } from './bounded.ts';
import { EGRESS_FLAGS } from './egress.ts';

export interface LaunchOptions {
  executablePath: string;
  sandbox: 'auto' | 'on' | 'off';
  logger: Logger;
}

const LAUNCH_MS = 20_000;
const CLOSE_MS = 5_000;

/** Without the second flag the same page is laid out a pixel differently from one visit to the next. */
const FLAGS = [...EGRESS_FLAGS, '--disable-font-subpixel-positioning'];

/** Below the server's own priority, so that it answers quickly while every core renders. */
const NICE = 10;

/** One Chromium process and its end. */
export class Browser {
  readonly pid: number;
  /** Whether Chromium's own sandbox is on. */
  readonly sandboxed: boolean;
  /** Fires when the process is gone, for whatever reason. */
  readonly died: AbortSignal;
  readonly #playwright: PlaywrightBrowser;
  /** Chrome's own name: many sites turn away what calls itself headless, and their visitors' page is what counts. */
  readonly #userAgent: string;

  private constructor(playwright: PlaywrightBrowser, pid: number, sandboxed: boolean) {
    this.#playwright = playwright;
    this.#userAgent = `Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${playwright.version().split('.')[0]}.0.0.0 Safari/537.36`;
    this.pid = pid;
    this.sandboxed = sandboxed;
    const death = new AbortController();
    this.died = death.signal;
    playwright.once('disconnected', () => death.abort());
    if (!playwright.isConnected()) death.abort();
  }

  /** Starts a browser. Throws what Playwright throws; nothing is left running then. */
  static async launch(options: LaunchOptions): Promise<Browser> {
    const asRoot = process.platform === 'linux' && process.getuid?.() === 0;
    const sandbox = options.sandbox === 'on' || (options.sandbox === 'auto' && !asRoot);
    try {
      return await Browser.#start(options.executablePath, sandbox);
    } catch (error) {
      if (options.sandbox !== 'auto' || !sandbox) throw error;
      options.logger.warn({ err: error }, 'Chromium did not start with its sandbox; starting it without. Set CRO_SANDBOX=on to refuse this.');
      return Browser.#start(options.executablePath, false);
    }
  }

  static async #start(executablePath: string, sandbox: boolean): Promise<Browser> {
    const playwright = await chromium.launch({
      executablePath,
      chromiumSandbox: sandbox,
      args: FLAGS,
      timeout: LAUNCH_MS,
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
    });
    try {
      const session = await playwright.newBrowserCDPSession();
      const { processInfo } = await session.send('SystemInfo.getProcessInfo');
      const pid = processInfo.find(({ type }) => type === 'browser')?.id;
      if (pid === undefined) throw new Error('Chromium did not tell its process id');
      await session.detach();
      lowerPriority(pid);
      return new Browser(playwright, pid, sandbox);
    } catch (error) {
      await playwright.close();
      throw error;
    }
  }

  /** Opens a context, unless the signal fires first; then the one that comes late is closed. */
  openContext(options: BrowserContextOptions, signal: AbortSignal): Promise<BrowserContext> {
    return orAbort(this.#playwright.newContext({ userAgent: this.#userAgent, ...options }), signal, (context) => context.close().catch(() => {}));
  }

  /** Ends the process: asked first, killed with its whole group when it does not go within five seconds. */
  async close(): Promise<void> {
    if (this.died.aborted) return;
    if (!(await endsWithin(this.#playwright.close(), CLOSE_MS))) this.kill();
  }

  kill(): void {
    try {
      process.kill(-this.pid, 'SIGKILL'); // Playwright starts each browser as the leader of a group
    } catch {
      // It is gone already.
    }
  }
}

/** Sets the nice value of the browser's process group; renderers inherit it from the zygotes in it. Linux only. */
function lowerPriority(group: number): void {
  if (process.platform !== 'linux') return;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const [, , processGroup] = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ');
      if (Number(processGroup) === group) setPriority(Number(pid), NICE);
    } catch {
      // A process that ended meanwhile.
    }
  }
}

import { readFileSync, readdirSync } from 'node:fs';
import { setPriority, tmpdir } from 'node:os';
import { chromium, type Browser as PlaywrightBrowser, type BrowserContext, type BrowserContextOptions, type Page } from 'playwright-core';
import type { Logger } from 'pino';
import { endsWithin, orAbort, within } from '../bounded.ts';
import { RenderError } from '../errors.ts';
import { EGRESS_FLAGS } from './egress.ts';

export interface LaunchOptions {
  executablePath: string;
  sandbox: 'auto' | 'on' | 'off';
  logger: Logger;
}

const LAUNCH_MS = 20_000;
const CLOSE_MS = 5_000;

/** A healthy browser opens a context and a page in milliseconds, a busy one in a second or two. */
const OPEN_MS = 10_000;

/** All that Chromium is told of our environment: no key of ours is in it. */
const ENVIRONMENT = { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: tmpdir(), TMPDIR: tmpdir(), LANG: 'C.UTF-8' };

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
  readonly #group: number;
  readonly #playwright: PlaywrightBrowser;
  /** Chrome's own name: many sites turn away what calls itself headless, and their visitors' page is what counts. */
  readonly #userAgent: string;

  private constructor(playwright: PlaywrightBrowser, pid: number, sandboxed: boolean) {
    this.#playwright = playwright;
    this.#userAgent = `Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${playwright.version().split('.')[0]}.0.0.0 Safari/537.36`;
    this.pid = pid;
    this.#group = groupOf(pid);
    lowerPriority(this.#group);
    this.sandboxed = sandboxed;
    const death = new AbortController();
    this.died = death.signal;
    playwright.once('disconnected', () => death.abort());
    if (!playwright.isConnected()) death.abort();
  }

  /**
   * Starts a browser.
   * @throws RenderError internal, reason chromium, that says what the operator can do; nothing is left running then
   */
  static async launch(options: LaunchOptions): Promise<Browser> {
    const asRoot = process.platform === 'linux' && process.getuid?.() === 0;
    const sandbox = options.sandbox === 'on' || (options.sandbox === 'auto' && !asRoot);
    try {
      return await Browser.#start(options.executablePath, sandbox);
    } catch (error) {
      if (options.sandbox === 'auto' && sandbox) {
        options.logger.warn({ err: error }, 'Chromium did not start with its sandbox; starting it without. Set CRO_SANDBOX=on to refuse this.');
        return Browser.launch({ ...options, sandbox: 'off' });
      }
      const advice = sandbox ? ' Its sandbox cannot work as root or without user namespaces: see CRO_SANDBOX.' : ' Check CRO_CHROMIUM_PATH.';
      throw new RenderError('internal', `Chromium did not start from ${options.executablePath}.${advice}`, { reason: 'chromium', cause: error });
    }
  }

  static async #start(executablePath: string, sandbox: boolean): Promise<Browser> {
    const playwright = await chromium.launch({
      executablePath,
      chromiumSandbox: sandbox,
      args: FLAGS,
      env: ENVIRONMENT,
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
      return new Browser(playwright, pid, sandbox);
    } catch (error) {
      await playwright.close();
      throw error;
    }
  }

  /**
   * Opens a page in a context of its own, unless the signal fires first; then what comes late is closed.
   * @throws RenderError browser_crashed, reason frozen, when the browser does not answer; then it is of no more use
   */
  async openPage(options: BrowserContextOptions, signal: AbortSignal): Promise<{ context: BrowserContext; page: Page }> {
    const opening = this.#playwright.newContext({ userAgent: this.#userAgent, ...options })
      .then(async (context) => ({ context, page: await context.newPage() }));
    const frozen = (): Error => new RenderError('browser_crashed', 'The browser did not open a page.', { reason: 'frozen' });
    return orAbort(within(opening, OPEN_MS, frozen), signal, ({ context }) => context.close().catch(() => {}));
  }

  /** Ends the process: asked first, killed with its whole group when it does not go within five seconds. */
  async close(): Promise<void> {
    if (this.died.aborted) return;
    if (!(await endsWithin(this.#playwright.close(), CLOSE_MS))) this.kill();
  }

  kill(): void {
    try {
      process.kill(-this.#group, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // gone already
    }
  }
}

/**
 * The process group that Playwright started the browser in. Its leader need not be the browser itself: Debian's
 * chromium is a shell script that waits for it. Elsewhere than on Linux the browser leads.
 */
function groupOf(pid: number): number {
  return process.platform === 'linux' ? statGroup(pid) ?? pid : pid;
}

function statGroup(pid: number | string): number | undefined {
  try {
    return Number(readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ')[2]);
  } catch {
    return undefined; // it ended meanwhile
  }
}

/** Sets the nice value of a process group; renderers inherit it from the zygotes in it. Linux only. */
function lowerPriority(group: number): void {
  if (process.platform !== 'linux') return;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    if (statGroup(pid) !== group) continue;
    try {
      setPriority(Number(pid), NICE);
    } catch {
      // It ended meanwhile.
    }
  }
}

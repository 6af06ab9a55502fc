import { setPriority } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser as PlaywrightBrowser, type BrowserContext, type BrowserContextOptions, type Page } from 'playwright-core';
import type { Logger } from 'pino';
import { endsWithin, orAbort, within } from '../bounded.ts';
import { RenderError } from '../errors.ts';
import { EGRESS_FLAGS } from './egress.ts';
import { familyOf, groupOf, isNetworkProcess, killGroup, privateMemory } from './processes.ts';
import { lacksSandbox, wantsSandbox, type SandboxSetting } from './sandbox.ts';
import { clearDirectory, makeDirectory, removeDirectory } from './workspace.ts';

export interface LaunchOptions {
  executablePath: string;
  sandbox: SandboxSetting;
  /** Absolute path of the folder beneath which each browser gets a directory of its own. */
  folder: string;
  logger: Logger;
}

const LAUNCH_MS = 20_000;
const CLOSE_MS = 5_000;

/** How long a launch that is given up has until it is killed. */
const GIVEN_UP_MS = 2_000;

/** A healthy browser opens a context and a page in milliseconds, a busy one in a second or two. */
const OPEN_MS = 10_000;

/** Without the second flag the same page is laid out a pixel differently from one visit to the next. */
const FLAGS = [...EGRESS_FLAGS, '--disable-font-subpixel-positioning'];

/** Below the server's own priority, so that it answers quickly while every core renders. */
const NICE = 10;

/** One Chromium process and its end. */
export class Browser {
  /** Whether the sandbox has worked since this process started: it is not given up after that. */
  static #sandboxWorks = false;
  readonly pid: number;
  /** Whether Chromium's own sandbox is on. */
  readonly sandboxed: boolean;
  readonly #group: number;
  readonly #playwright: PlaywrightBrowser;
  readonly #directory: string;
  readonly #logger: Logger;
  readonly #death = new AbortController();
  #cleared: Promise<void> | undefined;
  #network: number | undefined;
  #networkLosses = 0;
  /** Chrome's own name: many sites turn away what calls itself headless, and their visitors' page is what counts. */
  readonly #userAgent: string;

  private constructor(playwright: PlaywrightBrowser, pid: number, sandboxed: boolean, directory: string, logger: Logger) {
    this.#playwright = playwright;
    this.#userAgent = `Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${playwright.version().split('.')[0]}.0.0.0 Safari/537.36`;
    this.pid = pid;
    this.#group = groupOf(pid);
    this.#directory = directory;
    this.#logger = logger;
    this.sandboxed = sandboxed;
    lowerPriority(familyOf(pid));
    playwright.once('disconnected', () => this.kill());
    if (!playwright.isConnected()) this.kill();
  }

  /**
   * Starts a browser. Ends with `signal.reason` when the signal fires.
   * @throws RenderError internal, reason chromium, that says what the operator can do; nothing is left then
   */
  static async launch(options: LaunchOptions, signal: AbortSignal): Promise<Browser> {
    const sandbox = wantsSandbox(options.sandbox);
    try {
      const browser = await Browser.#start(options, sandbox, signal);
      Browser.#sandboxWorks ||= sandbox;
      return browser;
    } catch (error) {
      signal.throwIfAborted();
      const lacking = sandbox && lacksSandbox(error);
      if (lacking && options.sandbox === 'auto' && !Browser.#sandboxWorks) {
        options.logger.warn({ err: error }, 'Chromium has no usable sandbox here; starting it without. Set CRO_SANDBOX=on to refuse this.');
        return Browser.launch({ ...options, sandbox: 'off' }, signal);
      }
      const advice = lacking ? ' Its sandbox cannot work as root or without user namespaces: see CRO_SANDBOX.' : ' Check CRO_CHROMIUM_PATH.';
      throw new RenderError('internal', `Chromium did not start from ${options.executablePath}.${advice}`, { reason: 'chromium', cause: error });
    }
  }

  static async #start({ executablePath, folder, logger }: LaunchOptions, sandbox: boolean, signal: AbortSignal): Promise<Browser> {
    signal.throwIfAborted();
    const directory = await makeDirectory(folder);
    let playwright: PlaywrightBrowser | undefined;
    const starting = (async () => {
      // Only a persistent context can be told where its profile goes: docs/decisions/0004-a-directory-for-each-browser.md
      const own = await chromium.launchPersistentContext(join(directory, 'profile'), {
        executablePath,
        chromiumSandbox: sandbox,
        args: FLAGS,
        artifactsDir: directory,
        env: environment(directory),
        viewport: null,
        timeout: LAUNCH_MS,
        handleSIGINT: false,
        handleSIGTERM: false,
        handleSIGHUP: false,
      });
      playwright = own.browser() ?? undefined;
      if (!playwright) throw new Error('Playwright has no browser for the profile');
      const session = await playwright.newBrowserCDPSession();
      const { processInfo } = await session.send('SystemInfo.getProcessInfo');
      const pid = processInfo.find(({ type }) => type === 'browser')?.id;
      if (pid === undefined) throw new Error('Chromium did not tell its process id');
      await session.detach();
      for (const page of own.pages()) await page.close(); // its blank page would cost a renderer process
      return new Browser(playwright, pid, sandbox, directory, logger);
    })();
    try {
      return await within(orAbort(starting, signal), LAUNCH_MS, () => new Error('Chromium started, but did not answer'));
    } catch (error) {
      // What is still starting can only be closed once it is there; what takes too long for that is killed.
      const ended = starting.then((browser) => browser.close(), () => playwright && endsWithin(playwright.close(), CLOSE_MS));
      await endsWithin(ended, GIVEN_UP_MS);
      await clearDirectory(directory);
      throw error;
    }
  }

  /** Fires when the process is gone, for whatever reason; its own reason is a RenderError for who used it. */
  get died(): AbortSignal {
    return this.#death.signal;
  }

  /** Memory of the process and all its children, in bytes; 0 where there is no /proc. */
  memoryBytes(): number {
    return privateMemory(familyOf(this.pid));
  }

  /** How often the browser was found without the network process that it had. It starts another, but what it loaded is lost. */
  get networkLosses(): number {
    return this.#networkLosses;
  }

  /** Looks whether the network process is still the same. */
  checkNetwork(): void {
    if (this.#network !== undefined && isNetworkProcess(this.#network)) return;
    if (this.#network !== undefined) this.#networkLosses += 1;
    this.#network = familyOf(this.pid).find(isNetworkProcess);
  }

  /**
   * Opens a page in a context of its own, unless the signal fires first; then what comes late is closed.
   * A browser that does not answer is killed.
   * @throws RenderError browser_crashed, reason frozen
   */
  async openPage(options: BrowserContextOptions, signal: AbortSignal): Promise<{ context: BrowserContext; page: Page }> {
    const opening = this.#open({ userAgent: this.#userAgent, ...options });
    const frozen = (): Error => {
      const error = new RenderError('browser_crashed', 'The browser did not open a page.', { reason: 'frozen' });
      this.kill(error);
      return error;
    };
    return orAbort(within(opening, OPEN_MS, frozen), signal, ({ context }) => this.closeContext(context));
  }

  async #open(options: BrowserContextOptions): Promise<{ context: BrowserContext; page: Page }> {
    const context = await this.#playwright.newContext(options);
    try {
      const page = await context.newPage();
      if (this.#network === undefined) this.checkNetwork(); // it starts a moment after the browser
      return { context, page };
    } catch (error) {
      await this.closeContext(context);
      throw error;
    }
  }

  /** Closes a context with its pages. A browser that does not do so within five seconds is killed. */
  async closeContext(context: BrowserContext): Promise<void> {
    if (this.died.aborted) return;
    if (!(await endsWithin(context.close(), CLOSE_MS))) this.kill();
  }

  /** Ends the process, by force when it does not go within five seconds, and removes what it left. */
  async close(): Promise<void> {
    if (!this.died.aborted) await endsWithin(this.#playwright.close(), CLOSE_MS);
    this.kill();
    await this.#cleared;
  }

  /** Ends the process with its whole group at once. What it left is removed soon after; `close` waits for that. */
  kill(reason = new RenderError('browser_crashed', 'The browser died while it showed the page.')): void {
    if (this.died.aborted) return;
    killGroup(this.#group);
    this.#cleared = removeDirectory(this.#directory).catch((error: unknown) => {
      this.#logger.error({ err: error, directory: this.#directory }, 'the directory of a browser was not removed');
    });
    this.#death.abort(reason);
  }
}

/** All that Chromium is told of our environment: no key of ours is in it. */
function environment(directory: string): Record<string, string> {
  return { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: directory, TMPDIR: directory, LANG: 'C.UTF-8' };
}

/** Renderers inherit the nice value from the zygotes, which are there from the start. */
function lowerPriority(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      setPriority(pid, NICE);
    } catch {
      // It ended meanwhile.
    }
  }
}

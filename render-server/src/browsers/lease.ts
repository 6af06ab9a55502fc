import type { BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { RenderError } from '../errors.ts';
import type { AllowList } from '../addresses.ts';
import { endsWithin, orAbort } from '../bounded.ts';
import type { Resolver } from './dns.ts';
import { openGate, type EgressGate } from './egress.ts';
import type { EgressFailure, EgressLimit, PageSource } from './page-source.ts';
import type { Slot } from './pool.ts';

/** Where a job may go, and how names are looked up. */
export interface EgressPolicy {
  allow: AllowList;
  resolver: Resolver;
}

/** A page slot together with the job's own way to the network; both are given back by `release`. */
export class Lease implements PageSource {
  readonly #slot: Slot;
  readonly #gate: EgressGate;

  private constructor(slot: Slot, gate: EgressGate) {
    this.#slot = slot;
    this.#gate = gate;
  }

  /** Takes the slot over and opens the gate for `target`. Ends with `signal.reason` when the signal fires. */
  static async open(slot: Slot, target: URL, policy: EgressPolicy, signal: AbortSignal): Promise<Lease> {
    try {
      return new Lease(slot, await orAbort(openGate({ target, ...policy }), signal, (gate) => gate.close()));
    } catch (error) {
      slot.release();
      throw error;
    }
  }

  failureFor(url: URL): EgressFailure | undefined {
    return this.#gate.failureFor(url);
  }

  usedUp(): EgressLimit | undefined {
    return this.#gate.usedUp();
  }

  async withPage<T>(options: BrowserContextOptions, signal: AbortSignal, use: (page: Page) => Promise<T>): Promise<T> {
    const { browser } = this.#slot;
    const crash = new AbortController();
    const onDeath = (): void => crash.abort(browser.died.reason);
    browser.died.addEventListener('abort', onDeath, { once: true });
    if (browser.died.aborted) onDeath();
    const either = AbortSignal.any([signal, crash.signal]);
    const losses = browser.networkLosses;
    let context: BrowserContext | undefined;
    try {
      const opened = await this.#slot.openPage({ ...options, proxy: { server: this.#gate.proxyUrl, bypass: '<-loopback>' }, serviceWorkers: 'block', acceptDownloads: false }, either);
      context = opened.context;
      opened.page.once('crash', () => crash.abort(pageDied()));
      return await orAbort(use(opened.page), either);
    } catch (error) {
      // A dying browser makes the call under way fail a moment before it says that it is gone.
      if (isGone(error) || isDetached(error)) await endsWithin(orAbort(new Promise(() => {}), crash.signal), 1_000);
      either.throwIfAborted();
      if (isGone(error)) throw pageDied(error);
      if (error instanceof RenderError && error.code === 'page_unreachable') {
        browser.checkNetwork();
        if (browser.networkLosses > losses) throw new RenderError('browser_crashed', 'The browser lost its network while it loaded the page.', { reason: 'network', cause: error });
      }
      throw error;
    } finally {
      browser.died.removeEventListener('abort', onDeath);
      if (context) await browser.closeContext(context);
    }
  }

  async release(): Promise<void> {
    this.#slot.release();
    await this.#gate.close();
  }
}

function pageDied(cause?: unknown): RenderError {
  return new RenderError('browser_crashed', 'The page died while it was shown.', { cause });
}

function isGone(error: unknown): boolean {
  return error instanceof Error && /has been closed|Target crashed|Page crashed|browser has disconnected/i.test(error.message);
}

/** What a navigation says whose renderer is killed under it, before or after it was put into our words. */
function isDetached(error: unknown): boolean {
  const thrown = error instanceof RenderError ? error.cause : error;
  return thrown instanceof Error && thrown.message.includes('frame was detached');
}

import { chromium, type Browser } from 'playwright-core';
import type { PageSource } from '../../render-server/src/browsers/page-source.ts';
import { RenderError } from '../../render-server/src/errors.ts';
import { CHROMIUM } from './chromium.ts';

/** One real Chromium without an egress gate: a fresh context a call, closed on every path. */
export async function startPageSource(): Promise<PageSource & { close(): Promise<void> }> {
  const browser: Browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  return {
    async withPage(options, signal, use) {
      signal.throwIfAborted();
      const context = await browser.newContext(options);
      const ended = Promise.withResolvers<never>();
      const onAbort = (): void => ended.reject(signal.reason);
      signal.addEventListener('abort', onAbort, { once: true });
      browser.once('disconnected', () => ended.reject(new RenderError('browser_crashed', 'The browser died.')));
      ended.promise.catch(() => {});
      try {
        return await Promise.race([ended.promise, context.newPage().then(use)]);
      } finally {
        signal.removeEventListener('abort', onAbort);
        await context.close();
      }
    },
    failureFor: () => undefined,
    close: () => browser.close(),
  };
}

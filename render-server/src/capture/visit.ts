import type { Page } from 'playwright-core';
import type { PageSource } from '../browsers/page-source.ts';
import { endsWithin } from '../bounded.ts';
import { RenderError } from '../errors.ts';
import type { Bounds } from './bounds.ts';
import { failureOf, unreachable } from './failures.ts';
import type { NetworkLog } from './network.ts';

/** What was answered, where Chromium takes it for no answer, is known within a few milliseconds of its giving up. */
const ANSWER_MS = 300;

/**
 * Opens the address and waits until its document begins to come.
 * @throws RenderError forbidden_url, page_unreachable, page_error
 */
export async function visit(page: Page, url: string, network: NetworkLog, source: PageSource, bounds: Bounds): Promise<void> {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new RenderError('forbidden_url', 'Only http and https addresses are opened.');
  }
  try {
    await page.goto(url, { waitUntil: 'commit', timeout: bounds.navigation });
  } catch (error) {
    if (network.asked?.status === null) await endsWithin(network.unchanged, ANSWER_MS);
    throw failureOf(network.asked, error, (url) => source.failureFor(url)) ?? unreachable('connect', error);
  }
  checkDocument(page, network, source);
}

/**
 * Whether what the page shows now, perhaps after it sent the visitor on by itself, is a page to analyse.
 * @throws RenderError page_unreachable, page_error
 */
export function checkDocument(page: Page, network: NetworkLog, source: PageSource): void {
  const failure = failureOf(network.shown, null, (url) => source.failureFor(url));
  if (failure !== null) throw failure;
  if (!/^https?:/.test(page.url())) throw unreachable('dns');
}

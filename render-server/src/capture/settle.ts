import { setTimeout as pause } from 'node:timers/promises';
import type { AnalysisRequest } from '@cro-analyzer/protocol/messages';
import { errors, type CDPSession, type Page } from 'playwright-core';
import { RenderError } from '../errors.ts';
import type { Bounds } from './bounds.ts';
import { freeze, holdStill, scrollThrough } from './in-page/rest.ts';
import type { NetworkLog } from './network.ts';
import { World } from './world.ts';

const SCREENS_MAX = 20;
/** Without requests for this long: after load, when scripts begin to fetch, and after scrolling. */
const FIRST_IDLE_MS = 250;
const SECOND_IDLE_MS = 120;
const SELECTOR_WAIT_MS = 15_000;

/**
 * Brings the page to rest within `bounds.settle`: load, network, lazy content by scrolling through, fonts, layout
 * and pictures in view; then what the request asks to wait for. Leaves it at the top with nothing moving.
 * @returns whether it came to rest in time, and what did not, in words
 * @throws RenderError page_stuck, or bad_request for a selector that cannot be read; PageChanged
 */
export async function settle(page: Page, cdp: CDPSession, network: NetworkLog, wait: AnalysisRequest['wait'], bounds: Bounds, signal: AbortSignal): Promise<{ rested: boolean; limits: string[] }> {
  const limits: string[] = [];
  const end = performance.now() + bounds.settle;
  const left = (share = 1): number => Math.max(100, (end - performance.now()) * share);

  await page.waitForLoadState('load', { timeout: left(0.5) }).catch(() => {});
  const world = await World.open(cdp, bounds.step);
  await network.quiet(left(0.4), FIRST_IDLE_MS);
  await world.run(scrollThrough, { screens: SCREENS_MAX, budgetMs: left(0.5) });
  const isQuiet = await network.quiet(left(0.6), SECOND_IDLE_MS);
  const isStill = await world.run(holdStill, { budgetMs: left() });
  if (!isQuiet || !isStill) limits.push(`The page was still loading or moving after ${bounds.settle / 1000} s and was measured as it stood.`);

  if (wait?.selector !== undefined && !await appears(page, wait.selector)) {
    limits.push('The element that the request waits for did not appear.');
  }
  if (wait?.ms !== undefined) await pause(wait.ms, undefined, { signal });
  await world.run(freeze, null);
  return { rested: isQuiet && isStill, limits };
}

async function appears(page: Page, selector: string): Promise<boolean> {
  try {
    await page.waitForSelector(selector, { state: 'attached', timeout: SELECTOR_WAIT_MS });
    return true;
  } catch (error) {
    if (error instanceof errors.TimeoutError) return false;
    if (error instanceof Error && /parsing|selector/i.test(error.message.split('\n')[0] ?? '') && !/closed|crashed/i.test(error.message)) {
      throw new RenderError('bad_request', 'wait.selector cannot be read as a selector.', { cause: error });
    }
    throw error;
  }
}

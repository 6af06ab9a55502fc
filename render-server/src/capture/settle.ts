import { setTimeout as pause } from 'node:timers/promises';
import type { AnalysisRequest } from '@cro-analyzer/protocol/messages';
import { errors, type CDPSession, type Page } from 'playwright-core';
import { RenderError } from '../errors.ts';
import { notHtml, nothingShown, undrawn } from './failures.ts';
import { freeze, leaveStyleSheetsOut, scrollToScreen, showsAnything } from './in-page/rest.ts';
import { Watch, type WatchOptions } from './watch.ts';
import { World } from './world.ts';

const SCREENS_MAX = 20;
const SCREEN_MS = 60;
const SELECTOR_WAIT_MS = 15_000;

interface SettleOptions extends Omit<WatchOptions, 'world'> {
  page: Page;
  cdp: CDPSession;
  wait: AnalysisRequest['wait'];
}

/**
 * Brings the page to rest within `bounds.settle`: load, network, lazy content by scrolling through, fonts, layout,
 * pictures in view, and what scripts bring a moment later; then what the request asks to wait for. Leaves it at the
 * top with nothing moving.
 * @returns whether it came to rest in time, and what did not, in words
 * @throws RenderError page_stuck, page_unreachable, page_error, or bad_request for a selector that cannot be read; PageChanged
 */
export async function settle(options: SettleOptions): Promise<{ rested: boolean; limits: string[] }> {
  const { page, cdp, network, wait, bounds, signal } = options;
  const limits: string[] = [];
  const world = await World.open(cdp, bounds.step);
  const watch = new Watch({ ...options, world });
  const after = `after ${bounds.settle / 1000} s`;

  const rested = await restThroughout(world, watch, signal);
  if (watch.last?.isXmlError) throw notHtml('The page is XML with a mistake in it: browsers show an error message instead.');
  const [sheet] = watch.last?.painted ? [] : network.pending('Stylesheet');
  if (sheet !== undefined) {
    await world.run(leaveStyleSheetsOut, null);
    if (!await watch.isDrawn()) throw undrawn(sheet);
    limits.push(`A style sheet had not come ${after} and was left out: ${sheet}`);
  }
  if (watch.last?.visible === 0 && !await (await World.open(cdp, bounds.step)).run(showsAnything, null)) throw nothingShown(network.pending()[0]);
  if (!rested) limits.push(`The page was still loading or moving ${after} and was measured as it stood.`);

  if (wait?.selector !== undefined && !await appears(page, wait.selector)) {
    limits.push('The element that the request waits for did not appear.');
  }
  if (wait?.ms !== undefined) await pause(wait.ms, undefined, { signal });
  await world.run(freeze, null);
  return { rested, limits };
}

/** Rests at the top, scrolls down screen by screen so that what loads on sight loads, and rests again; further down where the page has grown. */
async function restThroughout(world: World, watch: Watch, signal: AbortSignal): Promise<boolean> {
  let [screen, below, rested] = [0, 0, false];
  await watch.rest(0.6, 0.6);
  const goesOn = (): boolean => below < (watch.last?.height ?? 0) && screen < SCREENS_MAX && watch.passed < 1;
  do {
    while (goesOn()) {
      below = await world.run(scrollToScreen, screen);
      screen += 1;
      if (screen > 1) await pause(SCREEN_MS, undefined, { signal });
    }
    await world.run(scrollToScreen, 0);
    rested = await watch.rest(1, 1);
  } while (goesOn());
  return rested;
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

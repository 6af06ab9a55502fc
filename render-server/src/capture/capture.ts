import type { AnalysisRequest, Device } from '@cro-analyzer/protocol/messages';
import type { CDPSession, Page } from 'playwright-core';
import type { PageSource } from '../browsers/page-source.ts';
import { RenderError } from '../errors.ts';
import type { Evidence, View } from '../evidence.ts';
import { BOUNDS, type Bounds } from './bounds.ts';
import { businessTypeOf } from './business.ts';
import { ConsoleLog } from './console.ts';
import { contextOptions, PENDING_SERVICE_WORKERS, PINNED_SCALE, STAYS_HERE } from './devices.ts';
import { DOCUMENT_MAX, tooLarge } from './failures.ts';
import { measure, type Measured } from './measure.ts';
import { NetworkLog } from './network.ts';
import { settle } from './settle.ts';
import { checkDocument, visit } from './visit.ts';
import { PageChanged } from './world.ts';

export interface CaptureOptions {
  signal: AbortSignal;
  /** `fraction` runs from 0 to 1 over the whole capture. */
  onStage(stage: 'visiting' | 'capturing', fraction: number, message: string): void;
  /** Other times than BOUNDS. */
  bounds?: Partial<Bounds>;
}

const URL_MAX = 4_096;
/** How often a page may send itself on while it is looked at. */
const VISITS_MAX = 3;

/** What one device saw. */
interface Sight {
  url: string;
  status: number;
  document: Measured['document'];
  view: View;
  limits: string[];
}

/**
 * Opens the page on each device asked for, one after the other, and measures it. Nothing on it is pressed,
 * filled in or accepted.
 * @throws RenderError forbidden_url, page_unreachable, page_error, page_stuck, browser_crashed, bad_request
 *   (a `wait.selector` that cannot be read); `signal.reason` when aborted
 */
export async function capturePage(source: PageSource, request: AnalysisRequest, options: CaptureOptions): Promise<Evidence> {
  const bounds = { ...BOUNDS, ...options.bounds };
  const sights: Sight[] = [];
  for (const [index, device] of request.devices.entries()) {
    options.signal.throwIfAborted();
    const onPart = (stage: 'visiting' | 'capturing', share: number, message: string): void => {
      // Stages only go forward: the second device's visit is part of the capture.
      options.onStage(index === 0 ? stage : 'capturing', (index + share) / request.devices.length, message);
    };
    onPart('visiting', 0, `Opening the page (${device})`);
    const sight = await source.withPage(contextOptions(device, request.language), options.signal,
      (page) => look(page, device, { source, request, bounds, signal: options.signal, onPart }));
    sights.push(sight);
  }
  options.onStage('capturing', 1, 'The page is captured');

  const [first] = sights;
  if (first === undefined) throw new RenderError('bad_request', 'devices must name at least one device.');
  const limits = sights.flatMap(({ view, limits: own }) => own.map((limit) => (sights.length > 1 ? `${view.device}: ${limit}` : limit)));
  for (const { url, view } of sights) {
    if (url !== first.url) limits.push(`On ${view.device} the address leads to ${url}, on ${first.view.device} to ${first.url}.`);
  }
  return {
    requestedUrl: request.url,
    url: first.url,
    status: first.status,
    ...first.document,
    businessType: businessTypeOf(first.view),
    views: sights.map(({ view }) => view),
    limits,
  };
}

interface LookOptions {
  source: PageSource;
  request: AnalysisRequest;
  bounds: Bounds;
  signal: AbortSignal;
  onPart(stage: 'visiting' | 'capturing', share: number, message: string): void;
}

/** One visit on one device, ended at once by a dead renderer or an oversize document. */
async function look(page: Page, device: Device, options: LookOptions): Promise<Sight> {
  const trouble = Promise.withResolvers<never>();
  trouble.promise.catch(() => {});
  page.once('crash', () => trouble.reject(new RenderError('browser_crashed', 'The browser died while it showed the page.')));
  page.on('popup', (popup) => void popup.close().catch(() => {}));
  const cdp = await page.context().newCDPSession(page);
  await page.addInitScript(PENDING_SERVICE_WORKERS);
  await page.addInitScript(STAYS_HERE);
  if (device === 'mobile') await page.addInitScript(PINNED_SCALE);
  const messages = new ConsoleLog(page);
  const network = await NetworkLog.listen(cdp, {
    onDocumentBytes: (bytes) => {
      if (bytes > DOCUMENT_MAX) trouble.reject(tooLarge());
    },
    onNextDocument: () => messages.clear(),
  });
  return Promise.race([trouble.promise, lookQuietly(page, cdp, { network, messages }, device, options)]);
}

async function lookQuietly(page: Page, cdp: CDPSession, { network, messages }: { network: NetworkLog; messages: ConsoleLog }, device: Device, options: LookOptions): Promise<Sight> {
  const { source, request, bounds, signal, onPart } = options;
  const check = (): void => checkDocument(page, network, source);
  await visit(page, request.url, network, source, bounds);
  for (let visits = 1; ; visits += 1) {
    try {
      onPart('visiting', 0.2, `Waiting for the page to come to rest (${device})`);
      const rest = await settle({ page, cdp, network, wait: request.wait, bounds, signal, check });
      check();
      onPart('capturing', 0.5, `Measuring the page (${device})`);
      const { view, document, limits } = await measure(cdp, device, bounds, (share, message) => onPart('capturing', 0.5 + share / 2, message));
      check();
      return {
        url: page.url().slice(0, URL_MAX),
        status: network.shown?.status ?? 0,
        document,
        view: { ...view, unseen: { ...view.unseen, unrest: view.unseen.unrest || !rest.rested }, network: network.summary(), console: messages.summary() },
        limits: [...rest.limits, ...limits, ...network.limits(source.usedUp())],
      };
    } catch (error) {
      if (!(error instanceof PageChanged)) throw error;
      check();
      if (visits === VISITS_MAX) throw new RenderError('page_stuck', 'The page keeps loading itself anew.', { cause: error });
    }
  }
}

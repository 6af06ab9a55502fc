import { AnalysisRequest, type AnalysisRequestInput } from '@cro-analyzer/protocol/messages';
import { afterAll, beforeAll } from 'vitest';
import type { PageSource } from '../../render-server/src/browsers/page-source.ts';
import { capturePage, type CaptureOptions } from '../../render-server/src/capture/capture.ts';
import { RenderError } from '../../render-server/src/errors.ts';
import type { Evidence, PageElement, View } from '../../render-server/src/evidence.ts';
import { startPageSource } from './page-source.ts';
import { startSite, type Route, type Site } from './site.ts';

export type CaptureInput = Partial<Omit<AnalysisRequestInput, 'url'>>;

/** What a test file needs to capture pages: one browser for the file, one site for each capture. */
export interface Capturing {
  source(): PageSource;
  /** Serves the routes, or one page at `/`, and captures `path`; desktop alone unless asked. */
  capture(routes: string | Record<string, Route>, input?: CaptureInput & { path?: string }, options?: Partial<CaptureOptions>): Promise<Evidence>;
  /** Captures any address. */
  captureUrl(url: string, input?: CaptureInput, options?: Partial<CaptureOptions>, source?: PageSource): Promise<Evidence>;
  /** The only view of a page given as HTML. */
  view(html: string, input?: CaptureInput): Promise<View>;
  /** Serves routes until the test file ends. */
  serve(routes: Record<string, Route>): Promise<Site>;
}

/** Starts a browser before the tests of a file and ends it, and every site, after them. */
export function useCapturing(): Capturing {
  let started: Awaited<ReturnType<typeof startPageSource>>;
  const sites: Site[] = [];
  beforeAll(async () => {
    started = await startPageSource();
  });
  afterAll(async () => {
    await started.close();
    await Promise.all(sites.map((site) => site.close()));
  });

  const serve = async (routes: Record<string, Route>): Promise<Site> => {
    const site = await startSite(routes);
    sites.push(site);
    return site;
  };
  const captureUrl: Capturing['captureUrl'] = (url, input = {}, options = {}, source = started) =>
    capturePage(source, AnalysisRequest.parse({ url, devices: ['desktop'], ...input }), { signal: AbortSignal.timeout(30_000), onStage: () => {}, ...options });
  const capture: Capturing['capture'] = async (routes, { path = '/', ...input } = {}, options = {}) => {
    const site = await serve(typeof routes === 'string' ? { '/': routes } : routes);
    return captureUrl(site.origin + path, input, options);
  };
  const view: Capturing['view'] = async (html, input = {}) => {
    const [only] = (await capture(html, input)).views;
    if (only === undefined) throw new Error('no view was captured');
    return only;
  };
  return { source: () => started, serve, capture, captureUrl, view };
}

/** A whole HTML document around a body. */
export function page(body: string, head = ''): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Test page</title>${head}</head><body>${body}</body></html>`;
}

/** The only element of this name, or the test fails. */
export function named(view: View, name: string): PageElement {
  const found = view.elements.filter((element) => element.name === name);
  if (found.length !== 1 || found[0] === undefined) throw new Error(`${found.length} elements are named ${name}`);
  return found[0];
}

/** Code and reason of the RenderError that a capture ends with. */
export async function errorOf(capture: Promise<Evidence>): Promise<{ code: string; reason: string | undefined; message: string }> {
  try {
    await capture;
  } catch (error) {
    if (error instanceof RenderError) return { code: error.code, reason: error.reason, message: error.message };
    throw error;
  }
  throw new Error('the capture succeeded');
}

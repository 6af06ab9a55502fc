import type { CDPSession } from 'playwright-core';
import { EGRESS_LIMITS, type EgressLimit } from '../browsers/page-source.ts';
import type { Network } from '../evidence.ts';

/** One document that the main frame asked for, with the redirects before it. */
export interface DocumentLoad {
  requestId: string;
  /** Addresses asked for, the last one answered or failed. */
  urls: string[];
  status: number | null;
  mimeType: string;
  disposition: string;
  /** Decoded bytes so far. */
  bytes: number;
  error: string | null;
}

/** The parts read of three events of the DevTools protocol's Network domain. */
interface Sent {
  requestId: string;
  loaderId: string;
  frameId?: string;
  type?: string;
  request: { url: string };
  redirectResponse?: { encodedDataLength: number };
}
interface Answered {
  requestId: string;
  type: string;
  response: { url: string; status: number; mimeType: string; headers: Record<string, string> };
}
interface Broken {
  requestId: string;
  type: string;
  errorText: string;
  canceled?: boolean;
  blockedReason?: string;
}

interface Listener {
  /** The decoded size of the main document, as it grows. */
  onDocumentBytes(bytes: number): void;
  /** The page shows another document than the one before: what was counted starts anew. */
  onNextDocument(): void;
}

const URL_MAX = 500;
const FAILED_MAX = 100;
const TRACKED_MAX = 5_000;
/**
 * Heavy shop pages ask for some hundred files. It holds for the page's documents: workers and frames of other sites are
 * not seen here, and what they ask for is bounded by the gate, in bytes and connections (`EGRESS_LIMITS`).
 */
const REQUESTS_MAX = 5_000;

const USED_UP: Readonly<Record<EgressLimit, string>> = {
  bytes: `The page loads more than ${EGRESS_LIMITS.bytes / 1024 / 1024} MB: what came after that was not loaded.`,
  sent: `The page sends more than ${EGRESS_LIMITS.sent / 1024 / 1024} MB: what it asked for after that was not loaded.`,
  requests: `The page opens more than ${EGRESS_LIMITS.requests} connections: what it asked for after that was not loaded.`,
};
/** Requests that stay open on purpose say nothing about whether the page is still loading. */
const NEVER_ENDING: readonly string[] = ['EventSource', 'WebSocket', 'Ping', 'Media', 'Prefetch'];

/**
 * What the page asked of the network, from before its first request. Workers and frames of other sites have sessions of
 * their own and are not counted.
 */
export class NetworkLog {
  #requests = 0;
  /** Of all documents, also those before the one that is measured. */
  #everything = 0;
  #bytes = 0;
  #failed: Network['failed'] = [];
  #mixed = new Set<string>();
  #open = new Map<string, { url: string; type: string }>();
  #documents: DocumentLoad[] = [];
  #shown: DocumentLoad | undefined;
  #mainFrame: string;
  #changedAt = performance.now();
  #unchanged = Promise.withResolvers<void>();
  #hear: Listener;
  #cdp: CDPSession;

  private constructor(cdp: CDPSession, mainFrame: string, listener: Listener) {
    this.#cdp = cdp;
    this.#mainFrame = mainFrame;
    this.#hear = listener;
  }

  /** Listens on a page that has not navigated yet. */
  static async listen(cdp: CDPSession, listener: Listener): Promise<NetworkLog> {
    const { frameTree } = await cdp.send('Page.getFrameTree');
    const log = new NetworkLog(cdp, frameTree.frame.id, listener);
    cdp.on('Network.requestWillBeSent', (event) => log.#sent(event));
    cdp.on('Network.responseReceived', (event) => log.#answered(event));
    cdp.on('Network.responseReceivedExtraInfo', ({ requestId, statusCode }) => {
      const load = log.#documents.at(-1);
      if (load?.requestId !== requestId || statusCode !== 304) return;
      load.status = statusCode;
      log.#unchanged.resolve();
    });
    cdp.on('Network.dataReceived', ({ requestId, dataLength }) => {
      const load = log.#documents.at(-1);
      if (load?.requestId !== requestId) return;
      load.bytes += dataLength;
      log.#hear.onDocumentBytes(load.bytes);
    });
    cdp.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
      log.#bytes += encodedDataLength;
      log.#close(requestId);
    });
    cdp.on('Page.frameNavigated', ({ frame }) => {
      if (frame.parentId === undefined) log.#show(frame.loaderId);
    });
    cdp.on('Network.loadingFailed', (event) => log.#broke(event));
    await cdp.send('Page.enable');
    await cdp.send('Network.enable', { maxTotalBufferSize: 1_000_000, maxResourceBufferSize: 500_000 });
    return log;
  }

  /** The document that the main frame asked for last, whether or not it came. */
  get asked(): DocumentLoad | undefined {
    return this.#documents.at(-1);
  }

  /** The document that the main frame shows. */
  get shown(): DocumentLoad | undefined {
    return this.#shown ?? this.asked;
  }

  /** Resolves when the document is answered with 304, which is told late and, like nothing else, not as a response. */
  get unchanged(): Promise<void> {
    return this.#unchanged.promise;
  }

  /** For how long nothing has been under way, in milliseconds. */
  get idleMs(): number {
    return this.#open.size > 0 ? 0 : performance.now() - this.#changedAt;
  }

  /** What is still under way: addresses, oldest first, of one type of resource or of all. */
  pending(wanted?: 'Stylesheet'): string[] {
    return [...this.#open.values()].filter(({ type }) => wanted === undefined || type === wanted).map(({ url }) => url);
  }

  /** What was counted so far. */
  summary(): Network {
    return { requests: this.#requests, bytes: Math.round(this.#bytes), failed: [...this.#failed], mixedContent: [...this.#mixed] };
  }

  /**
   * What was not loaded because the page wanted too much, in words.
   * @param usedUp what the page's egress gate says of itself
   */
  limits(usedUp: EgressLimit | undefined): string[] {
    return [
      ...(this.#everything > REQUESTS_MAX ? [`The page asks for more than ${REQUESTS_MAX} files: the rest were not loaded.`] : []),
      ...(usedUp === undefined ? [] : [USED_UP[usedUp]]),
    ];
  }

  #sent({ requestId, loaderId, frameId, request, type, redirectResponse }: Sent): void {
    if (!/^https?:/.test(request.url)) return;
    this.#requests += 1;
    this.#everything += 1;
    if (this.#everything === REQUESTS_MAX) void this.#cdp.send('Network.setBlockedURLs', { urls: ['*'] }).catch(() => {}); // a page that is gone asks for nothing
    if (redirectResponse) this.#bytes += redirectResponse.encodedDataLength;
    const url = request.url.slice(0, URL_MAX);
    const isDocument = type === 'Document' && frameId === this.#mainFrame && requestId === loaderId;
    if (isDocument) this.#navigates(requestId, request.url);
    else if (/^https:/.test(this.#pageUrl()) && /^http:/.test(request.url) && this.#mixed.size < 50) this.#mixed.add(url);
    if (!NEVER_ENDING.includes(type ?? '') && this.#open.size < TRACKED_MAX) this.#open.set(requestId, { url, type: type ?? 'Other' });
    this.#changedAt = performance.now();
  }

  #navigates(requestId: string, url: string): void {
    const load = this.#documents.at(-1);
    if (load?.requestId === requestId) {
      load.urls.push(url);
      return;
    }
    this.#documents = [...this.#documents.slice(-20), { requestId, urls: [url], status: null, mimeType: '', disposition: '', bytes: 0, error: null }];
  }

  /** The counts are those of the document that is measured: a page that sends the visitor on starts them anew. */
  #show(loaderId: string): void {
    const load = this.#documents.find(({ requestId }) => requestId === loaderId);
    if (load === undefined) return;
    if (this.#shown !== undefined) {
      [this.#requests, this.#bytes, this.#failed] = [1, 0, []];
      this.#mixed.clear();
      this.#hear.onNextDocument();
    }
    this.#shown = load;
  }

  #answered({ requestId, response, type }: Answered): void {
    const load = this.#documents.at(-1);
    if (load?.requestId === requestId) {
      const header = (name: string): string => Object.entries(response.headers).find(([key]) => key.toLowerCase() === name)?.[1] ?? '';
      load.status = response.status;
      load.mimeType = (header('content-type').split(';')[0] || response.mimeType).trim().toLowerCase();
      load.disposition = header('content-disposition').toLowerCase();
      this.#hear.onDocumentBytes(Number(header('content-length')) || 0);
    } else if (response.status >= 400) {
      this.#addFailure(response.url, response.status, type);
    }
  }

  #broke({ requestId, type, errorText, canceled, blockedReason }: Broken): void {
    const load = this.#documents.at(-1);
    const request = this.#open.get(requestId);
    if (load?.requestId === requestId) {
      // A page that stops its own loading is shown as far as it came.
      if (!canceled || load !== this.#shown) load.error = errorText;
    } else if (!canceled && blockedReason !== 'inspector' && request !== undefined) {
      this.#addFailure(request.url, null, type);
    }
    this.#close(requestId);
  }

  #addFailure(url: string, status: number | null, type: string): void {
    if (this.#failed.length >= FAILED_MAX || !/^https?:/.test(url)) return;
    this.#failed.push({ url: url.slice(0, URL_MAX), status, type: type.toLowerCase(), sameOrigin: sameOrigin(url, this.#pageUrl()) });
  }

  #close(requestId: string): void {
    this.#open.delete(requestId);
    this.#changedAt = performance.now();
  }

  #pageUrl(): string {
    return this.shown?.urls.at(-1) ?? '';
  }
}

function sameOrigin(url: string, pageUrl: string): boolean {
  return URL.canParse(url) && URL.canParse(pageUrl) && new URL(url).origin === new URL(pageUrl).origin;
}

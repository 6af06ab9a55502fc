import type { EgressFailure, PageSource } from '../browsers/page-source.ts';
import { RenderError } from '../errors.ts';
import type { DocumentLoad } from './network.ts';

/** The largest document that is opened, in decoded bytes. */
export const DOCUMENT_MAX = 20 * 1024 * 1024;

/** The same words for a name that does not resolve, a private address and a forbidden scheme: they never tell what was behind. */
const UNREACHABLE = {
  dns: 'No public web page was found at this address.',
  connect: 'The site did not accept the connection.',
  tls: 'The site has no valid certificate, or the secure connection to it failed.',
  timeout: 'The site did not answer in time.',
} as const;

export function unreachable(reason: keyof typeof UNREACHABLE, cause?: unknown): RenderError {
  return new RenderError('page_unreachable', UNREACHABLE[reason], { reason, cause });
}

export function tooLarge(): RenderError {
  return new RenderError('page_error', `The document is larger than ${DOCUMENT_MAX / 1024 / 1024} MB.`, { reason: 'too_large' });
}

function tooMuch(): RenderError {
  return new RenderError('page_error', 'The page loads more than one page may.', { reason: 'too_large' });
}

export function notHtml(message: string): RenderError {
  return new RenderError('page_error', message, { reason: 'not_html' });
}

/** `waitsFor` is an address that has not been answered. */
export function nothingShown(waitsFor: string | undefined): RenderError {
  return new RenderError('page_error', waitsFor === undefined ? 'The page shows nothing.' : `The page shows nothing: it is still waiting for ${waitsFor}.`, { reason: 'empty' });
}

/** A style sheet without which nothing is drawn. */
export function undrawn(waitsFor: string): RenderError {
  return new RenderError('page_unreachable', `The page shows nothing until ${waitsFor} is there, which did not come in time.`, { reason: 'timeout' });
}

const NET_ERRORS: [RegExp, keyof typeof UNREACHABLE][] = [
  [/ERR_NAME_|ERR_DNS_|ERR_UNSAFE_|ERR_ADDRESS_INVALID|_URL_SCHEME|ERR_DISALLOWED|ERR_INVALID_URL|ERR_BLOCKED_BY_|ERR_INVALID_REDIRECT/, 'dns'],
  [/ERR_CERT_|ERR_SSL_|ERR_BAD_SSL|_CERT(?:$|\W)/, 'tls'],
  [/TIMED_OUT|Timeout \d+ms exceeded/, 'timeout'],
];

/**
 * Why a document that was asked for is not a page to analyse; null when it is one.
 * The egress gate is asked before a status or net error is believed: its own answers look like the site's.
 */
export function failureOf(load: DocumentLoad | undefined, error: unknown, failureFor: PageSource['failureFor']): RenderError | null {
  const status = load?.status ?? null;
  const said = `${load?.error ?? ''} ${error instanceof Error ? error.message : ''}`;
  const failed = error !== null || (load?.error ?? null) !== null || status === null || status >= 400;
  const refused = failed ? egressFailure(load, failureFor) : undefined;
  if (refused !== undefined) return refused === 'too_large' ? tooMuch() : unreachable(refused === 'connect' ? 'connect' : 'dns', error);
  if (status === 304 || (status !== null && status >= 300 && status < 400 && !failed)) {
    return new RenderError('page_error', `The address answered with HTTP ${status} and no page.`, { reason: 'http_status', cause: error });
  }
  if (/ERR_TOO_MANY_REDIRECTS/.test(said)) return new RenderError('page_error', 'The address redirects in circles.', { reason: 'http_status', cause: error });
  if (load !== undefined && status !== null && (status < 300 || status >= 400)) {
    const answered = answerFailure(load, status, said);
    if (answered !== null) return answered;
  }
  if (error === null && (load?.error ?? null) === null && status !== null) return null;
  if (status !== null && status >= 300 && status < 400) return unreachable('dns', error ?? load?.error);
  const known = NET_ERRORS.find(([pattern]) => pattern.test(said))?.[1] ?? (/ERR_ABORTED/.test(said) ? 'dns' : undefined);
  if (known === undefined && status !== null) return unfinished(said);
  return unreachable(known ?? 'connect', error ?? load?.error);
}

/** What began as a page and did not come to its end. */
function unfinished(said: string): RenderError {
  return /ERR_CONTENT_DECODING/.test(said)
    ? notHtml('The answer cannot be read: it is not compressed in the way that it says.')
    : new RenderError('page_unreachable', 'The site broke off its answer.', { reason: 'connect', cause: said });
}

function egressFailure(load: DocumentLoad | undefined, failureFor: PageSource['failureFor']): EgressFailure | undefined {
  for (const url of (load?.urls ?? []).toReversed()) {
    const failure = failureFor(new URL(url));
    if (failure !== undefined) return failure;
  }
  return undefined;
}

function answerFailure(load: DocumentLoad, status: number, said: string): RenderError | null {
  if (status >= 400) return new RenderError('page_error', `The address answered with HTTP ${status}.`, { reason: 'http_status' });
  if (status === 204 || status === 205) return notHtml(`The address answered without a page (HTTP ${status}).`);
  const isHtml = load.mimeType === 'text/html' || load.mimeType === 'application/xhtml+xml';
  const isAttachment = /^\s*attachment/.test(load.disposition) && load.mimeType !== 'application/pdf';
  // A browser without a viewer downloads what it would otherwise show.
  const isShown = /^(?:application\/(?:pdf|json|xml|.*\+json|.*\+xml)|(?:image|text|audio|video)\/)/.test(load.mimeType);
  if (isAttachment || (!isShown && /Download is starting/.test(said))) {
    return new RenderError('page_error', 'The address starts a download instead of showing a page.', { reason: 'download' });
  }
  if (!isHtml) return notHtml(`The address answered with ${load.mimeType.slice(0, 80) || 'an unknown type'}, not with an HTML page.`);
  return null;
}

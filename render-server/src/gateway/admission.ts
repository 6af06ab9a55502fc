import { MAX_URL, type AnalysisRequest, type BatchRequest } from '@cro-analyzer/protocol/messages';
import { isIP } from 'node:net';
import { checkUrl, isLocalhost, type AllowList } from '../addresses.ts';
import { RenderError } from '../errors.ts';
import { checkWebhook } from '../webhooks/check.ts';

export interface AdmissionOptions {
  /** Private hosts whose pages may be opened. */
  pages: AllowList;
  /** Private hosts that webhooks may reach. */
  webhooks: AllowList;
  hasClaude: boolean;
}

/** Refuses requests that this server can never fulfil, before they cost anything. */
export class Admission {
  readonly #options: AdmissionOptions;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /**
   * The request with its address in full form.
   * @throws RenderError bad_request, forbidden_url, analyst_unavailable
   */
  admit(request: AnalysisRequest): AnalysisRequest {
    const { pages, webhooks, hasClaude } = this.#options;
    const url = checkUrl(withScheme(request.url), pages);
    if (url.href.length > MAX_URL) throw new RenderError('bad_request', `url: must have at most ${MAX_URL} characters when it is written out`, { reason: 'url' });
    if (request.webhook) checkWebhook(request.webhook, webhooks);
    if (request.analyst === 'claude' && !hasClaude) {
      throw new RenderError('analyst_unavailable', 'This server has no key for Claude (ANTHROPIC_API_KEY).', { reason: 'no_key', retryable: false });
    }
    return { ...request, url: url.href };
  }

  /**
   * The batch with all its addresses in full form.
   * @throws RenderError as admit, with the place of the first request that is refused in its message
   */
  admitBatch(batch: BatchRequest): BatchRequest {
    if (batch.webhook) checkWebhook(batch.webhook, this.#options.webhooks);
    const requests = batch.requests.map((request, index) => {
      try {
        return this.admit(request);
      } catch (error) {
        throw within(`requests[${index}]`, RenderError.from(error));
      }
    });
    return { ...batch, requests };
  }
}

function within(path: string, error: RenderError): RenderError {
  const { code, message, reason } = error;
  const field = /^(?:url|webhook\.\w+): /.test(message) ? '.' : code === 'forbidden_url' ? '.url: ' : ': ';
  return new RenderError(code, `${path}${field}${message}`, {
    cause: error.cause,
    ...(reason === undefined ? {} : { reason }),
    ...(error.retryable ? {} : { retryable: false }),
  });
}

/** People write `example.com/offer` and mean https, or `localhost:3000` and mean http. */
function withScheme(url: string): string {
  const bare = /^(?<host>[\p{L}\p{N}_-]+(?:\.[\p{L}\p{N}_-]+)*\.?|\[[\da-f:]+\])(?<port>:\d+)?(?:[/?#]|$)/iu.exec(url);
  if (!bare?.groups || !(bare.groups.port || url.includes('.'))) return url;
  const local = isLocalhost(bare.groups.host ?? '') || isIP((bare.groups.host ?? '').replace(/^\[|\]$/g, '')) !== 0;
  return `${local ? 'http' : 'https'}://${url}`;
}

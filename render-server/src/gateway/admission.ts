import type { AnalysisRequest } from '@cro-analyzer/protocol/messages';
import { isIP } from 'node:net';
import { checkUrl, isLocalhost, type AllowList } from '../addresses.ts';
import { RenderError } from '../errors.ts';

/** Refuses requests that this server can never fulfil, before they cost anything. */
export class Admission {
  readonly #allow: AllowList;
  readonly #hasClaude: boolean;

  constructor(allow: AllowList, hasClaude: boolean) {
    this.#allow = allow;
    this.#hasClaude = hasClaude;
  }

  /**
   * The request with its address in full form.
   * @throws RenderError bad_request, forbidden_url, analyst_unavailable
   */
  admit(request: AnalysisRequest): AnalysisRequest {
    const url = checkUrl(withScheme(request.url), this.#allow);
    if (request.analyst === 'claude' && !this.#hasClaude) {
      throw new RenderError('analyst_unavailable', 'This server has no key for Claude (ANTHROPIC_API_KEY).', { reason: 'no_key', retryable: false });
    }
    return { ...request, url: url.href };
  }
}

/** People write `example.com/offer` and mean https, or `localhost:3000` and mean http. */
function withScheme(url: string): string {
  const bare = /^(?<host>[\p{L}\p{N}_-]+(?:\.[\p{L}\p{N}_-]+)*\.?|\[[\da-f:]+\])(?<port>:\d+)?(?:[/?#]|$)/iu.exec(url);
  if (!bare?.groups || !(bare.groups.port || url.includes('.'))) return url;
  const local = isLocalhost(bare.groups.host ?? '') || isIP((bare.groups.host ?? '').replace(/^\[|\]$/g, '')) !== 0;
  return `${local ? 'http' : 'https'}://${url}`;
}

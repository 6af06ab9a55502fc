import type { AnalysisRequest } from '@cro-analyzer/protocol/messages';
import { checkUrl, type AllowList } from '../addresses.ts';
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
      throw new RenderError('analyst_unavailable', 'This server has no key for Claude (ANTHROPIC_API_KEY).', { reason: 'no_key' });
    }
    return { ...request, url: url.href };
  }
}

/** People write `example.com/offer` and mean https. */
function withScheme(url: string): string {
  return /^[\w-]+(\.[\w-]+)+(:\d+)?([/?#]|$)/.test(url) ? `https://${url}` : url;
}

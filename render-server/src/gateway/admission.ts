import type { AnalysisRequest } from '@cro-analyzer/protocol/messages';
import type { z } from 'zod/v4';
import { checkUrl, type AllowList } from '../browsers/addresses.ts';
import { RenderError } from '../errors.ts';

/**
 * What a schema makes of a value.
 * @param name what the value is, for the message
 * @throws RenderError bad_request that names the first field at fault
 */
export function validate<T extends z.ZodType>(schema: T, value: unknown, name: string): z.output<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = (issue?.path ?? []).reduce<string>((text, part) => (typeof part === 'number' ? `${text}[${part}]` : `${text}${text ? '.' : ''}${String(part)}`), '');
  const field = issue?.code === 'unrecognized_keys' ? [path, issue.keys[0]].filter(Boolean).join('.') : path;
  const message = issue?.code === 'unrecognized_keys' ? 'is not known' : lowerFirst(issue?.message ?? 'is not valid');
  throw new RenderError('bad_request', `${field || name}: ${message}`, { reason: field || name });
}

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

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

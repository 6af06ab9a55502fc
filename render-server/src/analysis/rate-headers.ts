/** What Claude's answers say in their headers about when to call again. */

const LIMITS = ['requests', 'tokens', 'input-tokens', 'output-tokens'];

/** `retry-after-ms`, or `retry-after` in seconds or as a date, in ms; undefined where there is none. */
export function retryAfterMs(headers: Headers | undefined): number | undefined {
  const milliseconds = Number.parseFloat(headers?.get('retry-after-ms') ?? '');
  if (milliseconds >= 0) return Math.ceil(milliseconds);
  const after = headers?.get('retry-after') ?? '';
  if (/^\d+(\.\d+)?$/.test(after)) return Math.ceil(Number(after) * 1000);
  return msUntil(after);
}

/** Milliseconds until the last of the rate limits that have nothing left is reset; 0 while each has something. */
export function exhaustedFor(headers: Headers): number {
  const spent = LIMITS.filter((name) => headers.get(`anthropic-ratelimit-${name}-remaining`) === '0');
  return Math.max(0, ...spent.map((name) => msUntil(headers.get(`anthropic-ratelimit-${name}-reset`) ?? '') ?? 0));
}

function msUntil(date: string): number | undefined {
  const at = Date.parse(date);
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now());
}

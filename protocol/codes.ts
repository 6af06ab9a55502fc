/**
 * Every error code of the system, the same on the socket, over HTTP (problem+json) and in n8n.
 * Codes are few and stable; an error's `reason` is finer and may grow.
 */

/** What a code means to a caller: HTTP status, whether trying again can help, and one line of advice. */
export interface CodeEntry {
  readonly status: number;
  readonly retryable: boolean;
  readonly advice: string;
}

export const CODES = {
  bad_request: { status: 400, retryable: false, advice: 'Correct the field that the message names and send it again.' },
  unauthorized: { status: 401, retryable: false, advice: 'Check the API key: it must be one of the keys in CRO_API_KEYS on the server.' },
  not_found: { status: 404, retryable: false, advice: 'Check the id and the key: a job belongs to the key that submitted it.' },
  too_large: { status: 413, retryable: false, advice: 'Send less: the message names the limit that was passed.' },
  rate_limited: { status: 429, retryable: true, advice: 'Wait for retryAfterMs, then send it again.' },
  credit_exceeded: { status: 429, retryable: true, advice: 'Wait until one of your open jobs ends: credit is the number of jobs that a session may have open.' },
  queue_full: { status: 503, retryable: true, advice: 'Wait for retryAfterMs, then send it again.' },
  overloaded: { status: 503, retryable: true, advice: 'The server has no room for it now: the message says of what. Wait for retryAfterMs, then send it again.' },
  draining: { status: 503, retryable: true, advice: 'The server is stopping. Connect again in a moment.' },
  budget_exceeded: { status: 402, retryable: false, advice: 'Raise the budget, or ask for the rules analyst.' },
  forbidden_url: { status: 403, retryable: false, advice: 'Only public http and https addresses are opened. An operator can allow a private one in CRO_ALLOW_HOSTS, or for webhooks in CRO_WEBHOOK_ALLOW_HOSTS.' },
  page_unreachable: { status: 422, retryable: false, advice: 'Check that the address opens in a browser on the public internet.' },
  page_error: { status: 422, retryable: false, advice: 'The address did not answer with a web page that can be analysed.' },
  page_stuck: { status: 422, retryable: false, advice: 'The page keeps the browser busy: a script that does not end, a page that loads itself again and again, or far too much on it. Open it in a browser and look.' },
  browser_crashed: { status: 502, retryable: true, advice: 'The browser died while it showed the page, twice. The page may need more memory than the server has.' },
  analyst_unavailable: { status: 503, retryable: true, advice: 'Claude cannot be reached or refuses the key. Check ANTHROPIC_API_KEY, or ask for the rules analyst.' },
  analyst_refused: { status: 422, retryable: false, advice: 'Claude declined to write about this page. Ask for the rules analyst.' },
  deadline_exceeded: { status: 504, retryable: true, advice: 'Allow more time with deadlineMs, or add browsers.' },
  server_unreachable: { status: 503, retryable: true, advice: 'Check the address of the render server, and that it is running.' },
  cancelled: { status: 409, retryable: false, advice: 'The job was cancelled.' },
  internal: { status: 500, retryable: true, advice: 'This is a fault of ours. The server log names it under the job id.' },
} as const satisfies Record<string, CodeEntry>;

/** One of the stable error codes. */
export type Code = keyof typeof CODES;

/** All codes, in the order of the table. */
export const CODE_NAMES = Object.keys(CODES) as [Code, ...Code[]];

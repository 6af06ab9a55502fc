/**
 * Claude's Messages API as tests need it: real HTTP, real server-sent events, on a port of its own. It checks what it
 * is sent, answers from the page in the request, and fails in each known way on demand.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { composeAnswer, type FakeAnswer } from './fake-claude-answer.ts';
import { readRequest, type ClaudeRequest } from './fake-claude-request.ts';

/** How one call goes. In the trouble that comes mid-stream, `after` findings are complete (1 by default). */
export type Behaviour =
  | { kind: 'answer'; answer?: (request: ClaudeRequest) => FakeAnswer; nothingLeftUntil?: Date }
  | { kind: 'status'; status: 400 | 401 | 403 | 404 | 413 | 429 | 500 | 503 | 529; retryAfter?: string }
  | { kind: 'error-event' | 'cut' | 'eof' | 'stall' | 'max-tokens'; after?: number }
  | { kind: 'text'; text: string }
  | { kind: 'refusal' }
  | { kind: 'silence' };

export interface FakeClaudeOptions {
  /** The key that it lets in; `test-key` by default. */
  apiKey?: string;
  /** Milliseconds of silent thought, with pings, before the first word. */
  delayMs?: number;
  /** Milliseconds between two pieces of the answer. */
  chunkDelayMs?: number;
  /** Calls that may be open at once: what comes above them is a 429. */
  bears?: number;
  /** A free port by default. */
  port?: number;
  /** The whole answer in one chunk, as a buffering proxy sends it. */
  atOnce?: boolean;
}

export interface FakeClaude {
  readonly baseURL: string;
  /** Accepted requests, in order of arrival. */
  readonly requests: ClaudeRequest[];
  /** Calls that got a 429 because too many were open. */
  readonly refused: number;
  /** Messages of the requests that it turned away as malformed. */
  readonly complaints: string[];
  /** Calls that are open now, and the most that ever were. */
  readonly active: number;
  readonly peakConcurrency: number;
  /** How the next calls go, one each; after that it answers, or does what it always does. */
  behave(...next: Behaviour[]): void;
  /** How all calls go until it is told otherwise. */
  always(behaviour: Behaviour): void;
  /** Resolves when so many requests have been accepted in all. */
  received(count: number): Promise<void>;
  /** Resolves when no call is open. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

const MAX_BODY = 32 * 1024 * 1024;
const VERSION = '2026-10-21';
const ERRORS: Record<number, string> = {
  400: 'invalid_request_error', 401: 'authentication_error', 403: 'permission_error', 404: 'not_found_error',
  413: 'request_too_large', 429: 'rate_limit_error', 500: 'api_error', 503: 'api_error', 529: 'overloaded_error',
};
/** Pieces cut through words and escapes, as real ones do. */
const PIECE = 23;

export async function startFakeClaude(options: FakeClaudeOptions = {}): Promise<FakeClaude> {
  const { apiKey = 'test-key', delayMs = 0, chunkDelayMs = 0, atOnce = false, bears = Infinity, port = 0 } = options;
  const requests: ClaudeRequest[] = [];
  const complaints: string[] = [];
  const script: Behaviour[] = [];
  const changed = new EventTarget();
  const cached = new Set<string>();
  let usual: Behaviour = { kind: 'answer' };
  let active = 0;
  let answering = 0;
  let refused = 0;
  let peakConcurrency = 0;
  let serial = 0;

  const server = createServer((request, response) => {
    active += 1;
    peakConcurrency = Math.max(peakConcurrency, active);
    const gone = new AbortController();
    response.on('close', () => {
      active -= 1;
      gone.abort();
      changed.dispatchEvent(new Event('change'));
    });
    respond(request, response, gone.signal).catch((error: unknown) => {
      if (!gone.signal.aborted) fail(response, 500, String(error));
    });
  });

  async function respond(request: IncomingMessage, response: ServerResponse, gone: AbortSignal): Promise<void> {
    serial += 1;
    response.setHeader('request-id', `req_${serial}`);
    for (const kind of ['requests', 'tokens', 'input-tokens', 'output-tokens']) {
      response.setHeader(`anthropic-ratelimit-${kind}-limit`, '1000');
      response.setHeader(`anthropic-ratelimit-${kind}-remaining`, String(1000 - active));
      response.setHeader(`anthropic-ratelimit-${kind}-reset`, new Date(Date.now() + 60_000).toISOString());
    }
    if (request.headers.authorization !== `Bearer ${apiKey}`) return fail(response, 401, 'invalid bearer token');
    if (request.headers['anthropic-version'] !== VERSION) return complain(response, 400, `anthropic-version: ${VERSION} is required`);

    const model = /^\/v1\/models\/([\w.-]+)$/.exec(request.url ?? '')?.[1];
    if (request.method === 'GET' && model !== undefined) return describeModel(response, model);
    if (request.method !== 'POST' || request.url?.split('?')[0] !== '/v1/messages') return fail(response, 404, 'not found');

    const body = await readBody(request);
    if (body === null) return complain(response, 413, 'request exceeds 32 MB');
    let parsed: ClaudeRequest;
    try {
      parsed = readRequest(JSON.parse(body));
    } catch (error) {
      return complain(response, 400, error instanceof Error ? error.message : String(error));
    }
    requests.push(parsed);
    changed.dispatchEvent(new Event('change'));
    if (answering >= bears) {
      refused += 1;
      return fail(response, 429, `more than ${bears} calls are open`);
    }
    const behaviour = script.shift() ?? usual;
    if (behaviour.kind === 'status') {
      if (behaviour.retryAfter !== undefined) response.setHeader('retry-after', behaviour.retryAfter);
      return fail(response, behaviour.status, `asked to fail with ${behaviour.status}`);
    }
    if (behaviour.kind === 'answer' && behaviour.nothingLeftUntil !== undefined) {
      response.setHeader('anthropic-ratelimit-requests-remaining', '0');
      response.setHeader('anthropic-ratelimit-requests-reset', behaviour.nothingLeftUntil.toISOString());
    }
    answering += 1;
    response.on('close', () => {
      answering -= 1;
    });
    if (behaviour.kind !== 'silence') await stream(response, parsed, behaviour, gone);
  }

  async function stream(response: ServerResponse, request: ClaudeRequest, behaviour: Exclude<Behaviour, { kind: 'status' } | { kind: 'silence' }>, gone: AbortSignal): Promise<void> {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
    const send = (type: string, data: Record<string, unknown> = {}): void => {
      response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`);
    };
    const prefix = Math.ceil(request.system.length / 3.5);
    const hit = request.systemIsCached && cached.has(request.system);
    if (request.systemIsCached) cached.add(request.system);
    const usage = {
      input_tokens: Math.ceil(request.text.length / 3.5) + request.pictures.reduce((sum, { width, height }) => sum + Math.ceil(width / 28) * Math.ceil(height / 28), 0),
      cache_creation_input_tokens: request.systemIsCached && !hit ? prefix : 0,
      cache_read_input_tokens: hit ? prefix : 0,
      output_tokens: 1,
    };
    send('message_start', { message: { id: `msg_${serial}`, type: 'message', role: 'assistant', model: request.model, content: [], stop_reason: null, stop_sequence: null, usage } });
    for (let left = delayMs; left > 0; left -= 500) {
      send('ping');
      await wait(Math.min(left, 500), undefined, { signal: gone });
    }
    if (atOnce) response.cork();
    send('content_block_start', { index: 0, content_block: { type: 'text', text: '' } });

    const end = async (text: string, stopReason: string): Promise<void> => {
      await write(text);
      send('content_block_stop', { index: 0 });
      send('message_delta', { delta: { stop_reason: stopReason, stop_sequence: null }, usage: { output_tokens: Math.ceil(text.length / 3.5) } });
      send('message_stop');
      if (atOnce) response.uncork();
      response.end();
    };
    const write = async (text: string): Promise<void> => {
      for (let at = 0; at < text.length; at += PIECE) {
        send('content_block_delta', { index: 0, delta: { type: 'text_delta', text: text.slice(at, at + PIECE) } });
        if (chunkDelayMs > 0) await wait(chunkDelayMs, undefined, { signal: gone });
      }
    };

    if (behaviour.kind === 'refusal') return end('', 'refusal');
    if (behaviour.kind === 'text') return end(behaviour.text, 'end_turn');
    if (behaviour.kind === 'answer') return end(JSON.stringify((behaviour.answer ?? composeAnswer)(request)), 'end_turn');

    const part = cutAfter(composeAnswer(request), behaviour.after ?? 1);
    if (behaviour.kind === 'max-tokens') return end(part, 'max_tokens');
    await write(part);
    if (behaviour.kind === 'error-event') {
      send('error', { error: { type: 'overloaded_error', message: 'Overloaded' } });
      response.end();
    } else if (behaviour.kind === 'eof') {
      response.end();
    } else if (behaviour.kind === 'cut') {
      // Not a reset, which could overtake what was written before it.
      response.write(': end\n\n', () => response.socket?.destroy());
    }
  }

  function complain(response: ServerResponse, status: number, message: string): void {
    complaints.push(message);
    fail(response, status, message);
  }

  async function until(done: () => boolean): Promise<void> {
    while (!done()) await once(changed, 'change');
  }

  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the fake has no port');

  return {
    baseURL: `http://127.0.0.1:${address.port}`,
    requests,
    complaints,
    get refused() {
      return refused;
    },
    get active() {
      return active;
    },
    get peakConcurrency() {
      return peakConcurrency;
    },
    behave: (...next) => void script.push(...next),
    always(behaviour) {
      usual = behaviour;
    },
    received: (count) => until(() => requests.length >= count),
    idle: () => until(() => active === 0),
    async close() {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function fail(response: ServerResponse, status: number, message: string): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ type: 'error', error: { type: ERRORS[status] ?? 'api_error', message } }));
}

function describeModel(response: ServerResponse, id: string): void {
  if (!id.startsWith('claude-')) return fail(response, 404, `model: ${id}`);
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ type: 'model', id, display_name: id, created_at: '2026-09-01T00:00:00Z', max_input_tokens: 1_000_000, max_tokens: 64_000 }));
}

/** The answer up to the middle of the finding after the `count`-th. */
function cutAfter(answer: FakeAnswer, count: number): string {
  const complete = answer.findings.slice(0, count).map((finding) => JSON.stringify(finding)).join(',');
  return `{"summary":${JSON.stringify(answer.summary)},"findings":[${complete}${count > 0 ? ',' : ''}{"title":"This one is never fin`;
}

/** The body as text; null if it is too large. */
async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) continue;
    size += chunk.length;
    if (size <= MAX_BODY) chunks.push(chunk);
  }
  return size > MAX_BODY ? null : Buffer.concat(chunks).toString('utf8');
}

/** One streamed call to Claude, its life watched, and what each way of failing means. */
import Anthropic, { type Middleware } from '@anthropic-ai/sdk';
import { RenderError } from '../errors.ts';
import type { Tokens } from './price.ts';
import { retryAfterMs } from './rate-headers.ts';
import { textTokens } from './tokens.ts';
import { whenSent } from './when-sent.ts';

/** The longest wait that Claude may ask for and get; a longer one is passed on to the caller. */
const MAX_RETRY_AFTER_MS = 60_000;

/** A call that failed, and whether calling again can help. */
export class CallFailed extends Error {
  readonly error: RenderError;
  readonly again: boolean;

  constructor(error: RenderError, again: boolean) {
    super(error.message, { cause: error.cause });
    this.error = error;
    this.again = again;
  }
}

interface CallOptions {
  signal: AbortSignal;
  /** Milliseconds without a byte after which the call is given up. */
  idleTimeoutMs: number;
  /** Tokens of the prompt, by our estimate. */
  inputTokens: number;
  /** Called with the headers of the answer, also of one that is an error. */
  onHeaders(headers: Headers): void;
  onText(text: string): void;
  /**
   * Called with all that the call has cost so far, whenever more is known of it. Until Claude says how much it has
   * read, a request that was sent counts with its estimate; with undefined it turns out to have cost nothing.
   */
  onUsage(tokens: Tokens | undefined): void;
}

/**
 * Streams one answer; the SDK does not retry it.
 * @returns why Claude stopped
 * @throws CallFailed; `signal.reason` when aborted
 */
export async function call(client: Anthropic, params: Anthropic.MessageStreamParams, options: CallOptions): Promise<Anthropic.StopReason> {
  options.signal.throwIfAborted();
  const idle = new AbortController();
  const timer = setTimeout(() => idle.abort(), options.idleTimeoutMs);
  let stopReason: Anthropic.StopReason | null = null;
  let written = 0;
  try {
    const stream = client.messages.stream(params, {
      signal: AbortSignal.any([options.signal, idle.signal]),
      middleware: [watch(options, () => timer.refresh())],
    });
    stream.on('text', (delta) => {
      if (options.signal.aborted) return;
      written += textTokens(delta);
      options.onText(delta);
    });
    stream.on('streamEvent', (event, { usage }) => {
      if (event.type === 'message_delta') stopReason = event.delta.stop_reason;
      // Claude counts its output at the end only: of an answer cut short we count what came.
      const output = stopReason === null ? Math.max(usage.output_tokens, Math.ceil(written)) : usage.output_tokens;
      options.onUsage({
        inputTokens: usage.input_tokens,
        outputTokens: output,
        cacheReadTokens: usage.cache_read_input_tokens ?? 0,
        cacheWriteTokens: usage.cache_creation_input_tokens ?? 0,
      });
    });
    await stream.done();
  } catch (error) {
    if (options.signal.aborted) throw options.signal.reason;
    if (idle.signal.aborted) throw unavailable('stalled', 'Claude stopped answering half-way.', error, true);
    // What comes after the stop reason carries nothing of the answer.
    if (stopReason === null) throw explain(error, params.model);
  } finally {
    clearTimeout(timer);
  }
  if (stopReason === null) throw unavailable('cut', 'The connection to Claude broke off half-way.', undefined, true);
  return stopReason;
}

/** Any byte counts as life: while Claude thinks in silence, the stream carries only pings, which the SDK keeps to itself. */
function watch({ inputTokens, onHeaders, onUsage }: CallOptions, alive: () => void): Middleware {
  return async (request, next) => {
    const onSent = (): void => onUsage({ inputTokens, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0 });
    const response = await whenSent(() => next(request), onSent);
    onHeaders(response.headers);
    if (!response.ok) onUsage(undefined);
    if (response.body === null) return response;
    const watched = response.body.pipeThrough(new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        alive();
        controller.enqueue(chunk);
      },
    }));
    return new Response(watched, response);
  };
}

/** What an error event in the midst of a stream may be, other than a limit or too much load, and pass. */
const FAULTS = new Set(['api_error', 'timeout_error']);

/** An error of the SDK as one of ours. */
function explain(error: unknown, model: string): CallFailed {
  if (error instanceof Anthropic.APIConnectionError) {
    return unavailable('connect', 'Claude cannot be reached.', error, true);
  }
  if (!(error instanceof Anthropic.APIError)) {
    // A socket cut half-way, or a stream that ended too early: a plain AnthropicError.
    return unavailable('cut', 'The connection to Claude broke off half-way.', error, true);
  }
  const { status, type } = error;
  if (status === 401 || status === 403) {
    return unavailable('auth', 'Claude refused the API key. Check ANTHROPIC_API_KEY on the server.', error, false);
  }
  if (status === 404) {
    return unavailable('model', `Claude does not know the model ${JSON.stringify(model)}. Check CRO_MODEL, or the model asked for.`, error, false);
  }
  if (status === 429 || type === 'rate_limit_error') {
    return unavailable('rate_limited', 'Claude is at its rate limit for this API key.', error, true);
  }
  if (status === 529 || status === 503 || type === 'overloaded_error') {
    return unavailable('overloaded', 'Claude is overloaded at the moment.', error, true);
  }
  if (status === undefined ? FAULTS.has(type ?? '') : status === 408 || status === 409 || status >= 500) {
    return unavailable('faulty', 'Claude has a fault of its own at the moment.', error, true);
  }
  return unavailable('bad_request', 'Claude did not accept the request. The server log has the details.', error, false);
}

function unavailable(reason: string, message: string, cause: unknown, again: boolean): CallFailed {
  const wait = cause instanceof Anthropic.APIError ? retryAfterMs(cause.headers) : undefined;
  const tooLong = wait !== undefined && wait > MAX_RETRY_AFTER_MS;
  const details = { reason, cause, ...(wait === undefined ? {} : { retryAfterMs: wait }), ...(again ? {} : { retryable: false as const }) };
  return new CallFailed(new RenderError('analyst_unavailable', message, details), again && !tooLong);
}

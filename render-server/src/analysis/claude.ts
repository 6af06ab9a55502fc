import Anthropic from '@anthropic-ai/sdk';
import type { Usage } from '@cro-analyzer/protocol/messages';
import { bulkhead, BulkheadRejectedError, DelegateBackoff, handleType, isTaskCancelledError, retry } from 'cockatiel';
import type { Logger } from 'pino';
import { RenderError } from '../errors.ts';
import type { Analyst, AnalystOptions, Brief, Opinion } from './analyst.ts';
import { AnswerReader } from './answer.ts';
import { call, CallFailed } from './call.ts';
import { Collector } from './collector.ts';
import { costOf } from './price.ts';
import { rank } from './priority.ts';
import { writePrompt } from './prompt.ts';

export interface ClaudeOptions {
  apiKey: string;
  /** Where the Messages API is; Anthropic's own address by default. */
  baseURL?: string;
  /** Model id for requests that name none. */
  model: string;
  /** Calls to Claude at the same time, over all jobs. */
  concurrency: number;
  /** Milliseconds without a byte after which a call is given up and tried again; 60,000 by default. */
  idleTimeoutMs?: number;
  logger: Pick<Logger, 'info' | 'warn'>;
}

const API = 'https://api.anthropic.com';
/** Calls after the first one. */
const RETRIES = 2;
const FIRST_BACKOFF_MS = 500;
const MAX_BACKOFF_MS = 8_000;
/** Analyses that may wait for a call; each holds its evidence. */
const MAX_WAITING = 1_000;

/** The analyst that asks Claude. One instance serves all jobs, and the limit on calls is its own. */
export function createClaudeAnalyst(options: ClaudeOptions): Analyst {
  const { logger } = options;
  const client = new Anthropic({
    apiKey: options.apiKey,
    baseURL: options.baseURL ?? API,
    maxRetries: 0,
    logLevel: 'off',
  });
  const slots = bulkhead(options.concurrency, MAX_WAITING);
  const again = retry(handleType(CallFailed, (failure) => failure.again), {
    maxAttempts: RETRIES,
    backoff: new DelegateBackoff(({ attempt, result }) => ('error' in result && result.error instanceof CallFailed
      ? result.error.error.retryAfterMs ?? jittered(attempt)
      : jittered(attempt))),
  }).dangerouslyUnref();

  return {
    name: 'claude',

    async analyse(brief: Brief, { signal, onFinding }: AnalystOptions): Promise<Opinion> {
      signal.throwIfAborted();
      const model = brief.request.model ?? options.model;
      const prompt = writePrompt(brief, model);
      const collector = new Collector(brief, onFinding);
      const usage = noTokens();

      const attempt = async (): Promise<void> => {
        const reader = new AnswerReader();
        const stopReason = await call(client, prompt.params, {
          signal,
          idleTimeoutMs: options.idleTimeoutMs ?? 60_000,
          onText(text) {
            for (const draft of reader.write(text)) collector.take(draft);
            collector.summary = reader.summary ?? collector.summary;
          },
          onUsage: (spent) => add(usage, spent),
        });
        check(stopReason, reader);
      };

      let cut = false;
      try {
        await untilAborted(again.execute(() => slots.execute(attempt, signal), signal), signal);
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        const failure = toRenderError(error);
        const details = { code: failure.code, reason: failure.reason, err: failure.cause };
        if (failure.code === 'analyst_refused' || collector.findings.length === 0) {
          logger.warn(details, 'Claude gave no findings');
          throw failure;
        }
        logger.warn(details, 'Claude was cut short; the findings that were complete are kept');
        cut = true;
      }

      const findings = rank(collector.findings, brief.request.maxFindings);
      const note = 'Claude\'s answer broke off before its end: it may have had more findings than these.';
      logger.info({ model, findings: findings.length, rejected: collector.rejected.length, ...usage }, 'Claude answered');
      return {
        summary: cut ? `${collector.summary ?? ''} ${note}`.trim() : collector.summary ?? '',
        findings,
        rejected: collector.rejected,
        usage: { ...usage, costUsd: costOf(model, usage) },
        model,
        language: brief.request.language,
        limits: cut ? [...prompt.limits, note] : prompt.limits,
      };
    },
  };
}

/** @throws CallFailed unless Claude ended its answer of its own accord, and the answer is whole */
function check(stopReason: Anthropic.StopReason, reader: AnswerReader): void {
  if (stopReason === 'refusal') {
    throw new CallFailed(new RenderError('analyst_refused', 'Claude declined to write about this page.', { reason: 'refusal' }), false);
  }
  if (stopReason === 'max_tokens' || stopReason === 'model_context_window_exceeded') {
    throw new CallFailed(new RenderError('analyst_unavailable', 'Claude\'s answer passed its length limit before a finding was complete.', { reason: 'truncated' }), false);
  }
  if (!reader.complete) {
    throw new CallFailed(new RenderError('analyst_unavailable', 'Claude\'s answer did not have the shape that was asked for.', { reason: 'bad_answer' }), true);
  }
}

/** Half to all of 0.5 s, 1 s, 2 s ... so that calls that failed together do not come back together. */
function jittered(attempt: number): number {
  const ceiling = Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (attempt - 1));
  return ceiling * (0.5 + Math.random() / 2);
}

/** What the promise settles to, or `signal.reason` as soon as that comes: neither waiting for a slot nor backing off ends at a signal. */
async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

function toRenderError(error: unknown): RenderError {
  if (error instanceof CallFailed) return error.error;
  if (error instanceof BulkheadRejectedError || isTaskCancelledError(error)) {
    return new RenderError('analyst_unavailable', 'Too many analyses wait for Claude.', { reason: 'busy', cause: error });
  }
  return RenderError.from(error);
}

type Tokens = Omit<Usage, 'timings' | 'costUsd'>;

function noTokens(): Tokens {
  return { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0 };
}

function add(sum: Tokens, spent: Anthropic.Usage): void {
  sum.inputTokens += spent.input_tokens;
  sum.outputTokens += spent.output_tokens;
  sum.cacheReadTokens += spent.cache_read_input_tokens ?? 0;
  sum.cacheWriteTokens += spent.cache_creation_input_tokens ?? 0;
}

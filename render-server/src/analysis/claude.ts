import Anthropic from '@anthropic-ai/sdk';
import { bulkhead, DelegateBackoff, handleType, retry } from 'cockatiel';
import type { Logger } from 'pino';
import { orAbort } from '../bounded.ts';
import { RenderError } from '../errors.ts';
import { AnalystFailure, type Analyst, type Opinion, type Spending } from './analyst.ts';
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

/** The analyst that asks Claude. One instance serves all jobs, and the limit on calls is its own. */
export function createClaudeAnalyst(options: ClaudeOptions): Analyst {
  const { logger } = options;
  const client = new Anthropic({
    apiKey: options.apiKey,
    baseURL: options.baseURL ?? API,
    maxRetries: 0,
    logLevel: 'off',
  });
  // Whoever waits here holds evidence, and the number of those is bounded where it is made.
  const slots = bulkhead(options.concurrency, Infinity);
  const again = retry(handleType(CallFailed, (failure) => failure.again), {
    maxAttempts: RETRIES,
    backoff: new DelegateBackoff(({ attempt, result }) => ('error' in result && result.error instanceof CallFailed
      ? result.error.error.retryAfterMs ?? jittered(attempt)
      : jittered(attempt))),
  }).dangerouslyUnref();

  return {
    name: 'claude',

    async analyse(brief, { signal, patience, onFinding }): Promise<Opinion> {
      const stop = patience === undefined ? signal : AbortSignal.any([signal, patience]);
      const model = brief.request.model ?? options.model;
      const collector = new Collector(brief, onFinding);
      const calls: Anthropic.Usage[] = [];
      let limits: string[] = [];

      const attempt = async (): Promise<void> => {
        const prompt = writePrompt(brief, model);
        limits = prompt.limits;
        collector.beginCall();
        const reader = new AnswerReader();
        const number = calls.length;
        const stopReason = await call(client, prompt.params, {
          signal: stop,
          idleTimeoutMs: options.idleTimeoutMs ?? 60_000,
          onText(text) {
            for (const draft of reader.write(text)) collector.take(draft);
            collector.summary = reader.summary ?? collector.summary;
          },
          onUsage(usage) {
            calls[number] = usage;
          },
        });
        check(stopReason, reader);
      };

      let cut = false;
      try {
        await orAbort(again.execute(() => slots.execute(attempt, stop), stop), stop);
      } catch (error) {
        const usage = spendingOf(model, calls);
        if (signal.aborted) {
          logger.info(usage, 'Claude was stopped');
          throw signal.reason;
        }
        const failure = stop.aborted ? outOfTime() : toRenderError(error);
        const details = { code: failure.code, reason: failure.reason, err: failure.cause };
        if (failure.code === 'analyst_refused' || collector.findings(false).length === 0) {
          logger.warn({ ...details, ...usage }, 'Claude gave no findings');
          throw new AnalystFailure(failure, usage);
        }
        logger.warn(details, 'Claude was cut short; the findings that were complete are kept');
        cut = true;
      }

      const findings = rank(collector.findings(!cut), brief.request.maxFindings);
      const usage = spendingOf(model, calls);
      const note = 'Claude\'s answer broke off before its end: it may have had more findings than these.';
      logger.info({ model, findings: findings.length, rejected: collector.rejected.length, ...usage }, 'Claude answered');
      return {
        summary: cut ? `${collector.summary ?? ''} ${note}`.trim() : collector.summary ?? '',
        findings,
        rejected: collector.rejected,
        usage,
        model,
        language: brief.request.language,
        limits: cut ? [...limits, note] : limits,
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

function toRenderError(error: unknown): RenderError {
  return error instanceof CallFailed ? error.error : RenderError.from(error);
}

function outOfTime(): RenderError {
  return new RenderError('analyst_unavailable', 'Claude did not answer within the time that the job had left.', { reason: 'timeout' });
}

/** The tokens of all calls, those that failed too, and their price. */
function spendingOf(model: string, calls: Anthropic.Usage[]): Spending {
  const sum = (of: (usage: Anthropic.Usage) => number | null): number => calls.reduce((total, usage) => total + (of(usage) ?? 0), 0);
  const tokens = {
    inputTokens: sum((usage) => usage.input_tokens),
    outputTokens: sum((usage) => usage.output_tokens),
    cacheReadTokens: sum((usage) => usage.cache_read_input_tokens),
    cacheWriteTokens: sum((usage) => usage.cache_creation_input_tokens),
  };
  return { ...tokens, costUsd: costOf(model, tokens) };
}

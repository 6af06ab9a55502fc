import { setTimeout as delay } from 'node:timers/promises';
import Anthropic from '@anthropic-ai/sdk';
import type { Logger } from 'pino';
import { RenderError } from '../errors.ts';
import { AnalystFailure, type Analyst, type Opinion, type Spending } from './analyst.ts';
import { AnswerReader } from './answer.ts';
import { call, CallFailed } from './call.ts';
import { Collector } from './collector.ts';
import { Gate } from './gate.ts';
import { budgetCostOf, costOf, mostCostOf, type Tokens } from './price.ts';
import { rank } from './priority.ts';
import { writePrompt } from './prompt.ts';

export interface ClaudeOptions {
  apiKey: string;
  /** Where the Messages API is; Anthropic's own address by default. */
  baseURL?: string;
  /** Model id for requests that name none. */
  model: string;
  /** Most calls to Claude at the same time, over all jobs; fewer while Claude bears fewer. */
  concurrency: number;
  /** Milliseconds without a byte after which a call is given up and tried again; 60,000 by default. */
  idleTimeoutMs?: number;
  logger: Pick<Logger, 'info' | 'warn'>;
}

const API = 'https://api.anthropic.com';
/** Calls of one analysis that cost something, be it only their input. Those that Claude turned away are free, and go on. */
const MAX_PAID_CALLS = 3;
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
  const gate = new Gate(options.concurrency, logger);

  return {
    name: 'claude',

    get state() {
      return gate.state;
    },

    async analyse(brief, { signal, patience, budget, onAsking, onFinding }): Promise<Opinion> {
      const stop = patience === undefined ? signal : AbortSignal.any([signal, patience]);
      const model = brief.request.model ?? options.model;
      const collector = new Collector(brief, onFinding);
      /** What each call cost that cost something. */
      const calls: Tokens[] = [];
      let limits: string[] = [];

      const attempt = async (): Promise<void> => {
        const prompt = writePrompt(brief, model);
        limits = prompt.limits;
        const settle = await budget?.reserve(mostCostOf(model, prompt.inputTokens, prompt.params.max_tokens));
        collector.beginCall();
        const reader = new AnswerReader();
        let spent: Tokens | undefined;
        try {
          onAsking?.(true);
          const stopReason = await call(client, prompt.params, {
            signal: stop,
            idleTimeoutMs: options.idleTimeoutMs ?? 60_000,
            inputTokens: prompt.inputTokens,
            onHeaders: (headers) => gate.heed(headers),
            onText(text) {
              for (const draft of reader.write(text)) collector.take(draft);
              collector.summary = reader.summary ?? collector.summary;
            },
            onUsage(tokens) {
              spent = tokens;
            },
          });
          check(stopReason, reader);
        } finally {
          onAsking?.(false);
          if (spent !== undefined) calls.push(spent);
          settle?.(spent === undefined ? 0 : budgetCostOf(model, spent));
        }
      };

      let failure: CallFailed | undefined;
      /** The only place that calls again: until an answer is whole, or calling again cannot help, or time is over. */
      const persist = async (): Promise<void> => {
        for (let failures = 1; ; failures += 1) {
          try {
            return await gate.pass(attempt, stop);
          } catch (error) {
            if (!(error instanceof CallFailed) || !error.again || calls.length >= MAX_PAID_CALLS) throw error;
            failure = error;
            await delay(Math.max(error.error.retryAfterMs ?? 0, jittered(failures)), undefined, { signal: stop });
          }
        }
      };

      let cut = false;
      try {
        await persist();
      } catch (error) {
        const usage = spendingOf(model, calls);
        if (signal.aborted) {
          logger.info(usage, 'Claude was stopped');
          throw signal.reason;
        }
        const reason = stop.aborted ? outOfTime(failure ?? gate.fault) : toRenderError(error);
        const details = { code: reason.code, reason: reason.reason, err: reason.cause };
        if (reason.code === 'analyst_refused' || collector.findings(false).length === 0) {
          logger.warn({ ...details, ...usage }, 'Claude gave no findings');
          throw new AnalystFailure(reason, usage);
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

function outOfTime(last: CallFailed | undefined): RenderError {
  const message = 'Claude did not answer within the time that the job had left.';
  return new RenderError('analyst_unavailable', last === undefined ? message : `${message} ${last.message}`, { reason: 'timeout', cause: last?.error.cause });
}

/** The tokens of all calls, those that failed too, and their price. */
function spendingOf(model: string, calls: Tokens[]): Spending {
  const sum = (of: keyof Tokens): number => calls.reduce((total, tokens) => total + tokens[of], 0);
  const tokens = { inputTokens: sum('inputTokens'), outputTokens: sum('outputTokens'), cacheReadTokens: sum('cacheReadTokens'), cacheWriteTokens: sum('cacheWriteTokens') };
  return { ...tokens, costUsd: costOf(model, tokens) };
}

import type { AnalysisRequest, AnalystName, Check, Finding, RejectedFinding, Usage } from '@cro-analyzer/protocol/messages';
import { RenderError } from '../errors.ts';
import type { Evidence } from '../evidence.ts';

/** What an analyst is given: what was seen, what was measured, and what the caller asked. */
export interface Brief {
  request: AnalysisRequest;
  evidence: Evidence;
  checks: Check[];
}

export interface AnalystOptions {
  signal: AbortSignal;
  /**
   * Fires when there is no more time to wait: the findings that are complete by then are the opinion, and without any
   * the analyst fails with reason `timeout`. None means that `signal` alone bounds it.
   */
  patience?: AbortSignal;
  /** Called for each finding as soon as it is written and the evidence has confirmed it; `maxFindings` times at most. */
  onFinding(finding: Finding): void;
}

/** Tokens and what they cost. */
export type Spending = Omit<Usage, 'timings'>;

export interface Opinion {
  summary: string;
  /** Verified, merged and in order of priority. */
  findings: Finding[];
  rejected: RejectedFinding[];
  usage: Spending;
  model: string | null;
  language: string;
  /** What the analyst could not be shown or could not finish, in words; goes into the result's `limits`. */
  limits?: string[];
}

/** Turns facts and pictures into findings. */
export interface Analyst {
  readonly name: AnalystName;
  /**
   * @throws AnalystFailure analyst_unavailable, analyst_refused, budget_exceeded; `signal.reason` when aborted
   */
  analyse(brief: Brief, options: AnalystOptions): Promise<Opinion>;
}

/** An analyst came to no opinion; what it spent on the way is not lost. */
export class AnalystFailure extends RenderError {
  readonly usage: Spending;

  constructor(failure: RenderError, usage: Spending) {
    const { reason, retryAfterMs, retryable, cause } = failure;
    super(failure.code, failure.message, {
      cause,
      ...(reason === undefined ? {} : { reason }),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      ...(retryable ? {} : { retryable }),
    });
    this.usage = usage;
  }
}

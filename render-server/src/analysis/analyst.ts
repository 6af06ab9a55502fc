import type { AnalysisRequest, AnalystName, Check, Finding, RejectedFinding, Usage } from '@cro-analyzer/protocol/messages';
import { RenderError } from '../errors.ts';
import type { Evidence } from '../evidence.ts';

/** What an analyst is given: what was seen, what was measured, and what the caller asked. */
export interface Brief {
  request: AnalysisRequest;
  evidence: Evidence;
  checks: Check[];
}

/** Money that may still be spent for a job: what its own budget and those of the day leave. */
export interface Budget {
  /**
   * Sets money aside before a call that may cost so much, in US dollars; stored by the time that it resolves.
   * @returns gives back what the call did not cost; called on every path
   * @throws RenderError budget_exceeded, with the budget that would be passed as its reason
   */
  reserve(mostUsd: number): Promise<(spentUsd: number) => void>;
}

export interface AnalystOptions {
  signal: AbortSignal;
  /** Asked before each call that costs money. None means that nothing limits it. */
  budget?: Budget;
  /**
   * Fires when there is no more time to wait: the findings that are complete by then are the opinion, and without any
   * the analyst fails with reason `timeout`. None means that `signal` alone bounds it.
   */
  patience?: AbortSignal;
  /** Called with true when a call to the service begins, and with false when it has ended: otherwise the analyst waits. */
  onAsking?(asking: boolean): void;
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

/** How the service behind an analyst is doing. */
export interface AnalystState {
  /** `down` while calls are held back because the last ones all failed, and for some minutes when nobody calls any more. */
  state: 'up' | 'down';
  /** Calls at the same time that it is thought to bear now. */
  limit: number;
  active: number;
  waiting: number;
}

/** Turns facts and pictures into findings. */
export interface Analyst {
  readonly name: AnalystName;
  /** Undefined for an analyst without a service behind it. */
  readonly state?: AnalystState;
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

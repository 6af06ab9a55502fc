import type { AnalysisRequest, AnalystName, Check, Finding, RejectedFinding, Usage } from '@cro-analyzer/protocol/messages';
import type { Evidence } from '../evidence.ts';

/** What an analyst is given: what was seen, what was measured, and what the caller asked. */
export interface Brief {
  request: AnalysisRequest;
  evidence: Evidence;
  checks: Check[];
}

export interface AnalystOptions {
  signal: AbortSignal;
  /** Called for each finding as soon as it is written and the evidence has confirmed it. */
  onFinding(finding: Finding): void;
}

export interface Opinion {
  summary: string;
  /** Verified, merged and in order of priority. */
  findings: Finding[];
  rejected: RejectedFinding[];
  usage: Omit<Usage, 'timings'>;
  model: string | null;
  language: string;
  /** What the analyst could not be shown or could not finish, in words; goes into the result's `limits`. */
  limits?: string[];
}

/** Turns facts and pictures into findings. */
export interface Analyst {
  readonly name: AnalystName;
  /**
   * @throws RenderError analyst_unavailable, analyst_refused, budget_exceeded; `signal.reason` when aborted
   */
  analyse(brief: Brief, options: AnalystOptions): Promise<Opinion>;
}

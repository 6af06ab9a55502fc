import type { Finding, RejectedFinding } from '@cro-analyzer/protocol/messages';
import type { Brief } from './analyst.ts';
import type { Draft } from './draft.ts';
import { sameFinding } from './priority.ts';
import { proveDraft } from './verify.ts';

/**
 * What one analysis has brought so far, over all calls that it took. A finding is numbered and shown when it is proven;
 * one that repeats another, as after a call that was cut and made again, is kept for merging and not shown.
 */
export class Collector {
  readonly findings: Finding[] = [];
  readonly rejected: RejectedFinding[] = [];
  summary: string | null = null;
  private readonly brief: Brief;
  private readonly show: (finding: Finding) => void;
  private shown = 0;

  constructor(brief: Brief, show: (finding: Finding) => void) {
    this.brief = brief;
    this.show = show;
  }

  take(draft: Draft): void {
    const proof = proveDraft(draft, this.brief.evidence, this.brief.checks);
    if ('rejected' in proof) {
      const { title, reason } = proof.rejected;
      if (!this.rejected.some((other) => other.title === title && other.reason === reason)) this.rejected.push(proof.rejected);
      return;
    }
    if (this.findings.some((other) => sameFinding(other, proof.finding))) {
      this.findings.push(proof.finding);
      return;
    }
    this.shown += 1;
    const finding = { ...proof.finding, id: `f${this.shown}` };
    this.findings.push(finding);
    this.show(finding);
  }
}

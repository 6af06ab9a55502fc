import type { Finding, RejectedFinding } from '@cro-analyzer/protocol/messages';
import type { Brief } from './analyst.ts';
import type { Draft } from './draft.ts';
import { merge, sameFinding } from './priority.ts';
import { proveDraft } from './verify.ts';

/**
 * What one analysis has brought so far, over all calls that it took. A finding is numbered and shown when it is proven;
 * one that repeats another is merged with it. Each call may bring as many as were wanted, and so many are shown in all.
 */
export class Collector {
  readonly rejected: RejectedFinding[] = [];
  summary: string | null = null;
  private readonly brief: Brief;
  private readonly show: (finding: Finding) => void;
  /** Of all calls by id, in the order of writing. */
  private readonly found = new Map<string, Finding>();
  private ofThisCall = new Set<string>();

  constructor(brief: Brief, show: (finding: Finding) => void) {
    this.brief = brief;
    this.show = show;
  }

  /** Claude is called, for the first time or again. */
  beginCall(): void {
    this.ofThisCall = new Set();
  }

  take(draft: Draft): void {
    const proof = proveDraft(draft, this.brief.evidence, this.brief.checks);
    if ('rejected' in proof) {
      const { title, reason } = proof.rejected;
      if (!this.rejected.some((other) => other.title === title && other.reason === reason)) this.rejected.push(proof.rejected);
      return;
    }
    const known = [...this.found.values()].find((other) => sameFinding(other, proof.finding));
    if (known !== undefined) {
      this.found.set(known.id, merge(known, proof.finding));
      this.ofThisCall.add(known.id);
      return;
    }
    const wanted = this.brief.request.maxFindings;
    if (this.ofThisCall.size >= wanted) return;
    const finding = { ...proof.finding, id: `f${this.found.size + 1}` };
    this.found.set(finding.id, finding);
    this.ofThisCall.add(finding.id);
    if (this.found.size <= wanted) this.show(finding);
  }

  /** The latest call's findings where its answer was whole: what an earlier one had besides was not repeated. Else all that were shown. */
  findings(whole: boolean): Finding[] {
    const all = [...this.found.values()];
    return whole ? all.filter(({ id }) => this.ofThisCall.has(id)) : all.slice(0, this.brief.request.maxFindings);
  }
}

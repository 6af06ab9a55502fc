import type { Check, Finding } from '@cro-analyzer/protocol/messages';
import type { Evidence, PageElement } from '../../evidence.ts';

/** One fault of one page, ready to be put into words. */
export interface Case {
  evidence: Evidence;
  /** The checks that warn or fail, one for each device or one for the page. */
  checks: Check[];
  /** What these checks measured, as a clause with the devices: `on mobile, "Buy" ends 1200 px down`. */
  facts: string;
  /** The devices concerned, as words: `on desktop and mobile`; `on the page` where it holds for all. */
  where: string;
  /** The elements that the checks rest on. */
  elements: PageElement[];
  /** What the first of them reads, in quotation marks; or the noun given, where there is none. */
  named(otherwise: string): string;
}

/** How the rules analyst words one kind of fault. `impact` and `effort` are 1-5. */
export interface Wording extends Pick<Finding, 'claimKind' | 'impact' | 'effort' | 'section'> {
  title(fault: Case): string;
  wrong(fault: Case): string;
  why: string;
  recommend(fault: Case): string[];
}

/** Wordings by check id. */
export type WordingTable = Record<string, Wording>;

/** What the page is about, by the first part of its title: "Halden lamp" of "Halden lamp | Fenwick & Lund". */
export function subjectOf(title: string): string {
  return title.split(/\s[|–—-]\s|｜/)[0]?.trim() ?? '';
}

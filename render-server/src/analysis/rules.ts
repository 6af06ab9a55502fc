/** The analyst without Claude: it words what the checks measured, and claims nothing else. */
import type { Check, Finding, Level, RejectedFinding } from '@cro-analyzer/protocol/messages';
import { checkKey } from '../check-key.ts';
import type { Evidence } from '../evidence.ts';
import type { Analyst, Brief } from './analyst.ts';
import type { Draft } from './draft.ts';
import { rank } from './priority.ts';
import { proveDraft } from './verify.ts';
import { WORDINGS } from './wording/table.ts';
import { subjectOf, type Case } from './wording/wording.ts';

/** Checks that are told within another's finding, the first that speaks of the same device too: sides of one fault. */
const TOLD_WITH: Record<string, string[]> = {
  'overlay.blocking': ['overlay.coverage'],
  'cta.covered': ['overlay.coverage', 'overlay.blocking'],
};

export const rulesAnalyst: Analyst = {
  name: 'rules',
  async analyse(brief, { signal, onFinding }) {
    signal.throwIfAborted();
    const proofs = draftsOf(brief).map((draft) => proveDraft(draft, brief.evidence, brief.checks));
    const proven = proofs.flatMap((proof): Finding[] => ('finding' in proof ? [proof.finding] : []));
    // Claude's findings are numbered f1, f2 ...: some may have been shown before this analyst took over.
    const findings = rank(proven, brief.request.maxFindings).map((finding, index) => ({ ...finding, id: `r${index + 1}` }));
    for (const finding of findings) onFinding(finding);
    return {
      summary: summaryOf(brief, findings, proven.length),
      findings,
      rejected: proofs.flatMap((proof): RejectedFinding[] => ('rejected' in proof ? [proof.rejected] : [])),
      usage: { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0, costUsd: 0 },
      model: null,
      language: 'en',
    };
  },
};

/** One draft for each kind of fault in focus, over all devices. */
function draftsOf({ request, evidence, checks }: Brief): Draft[] {
  const speaking = checks.filter((check) => (check.status === 'warn' || check.status === 'fail')
    && (request.focus.length === 0 || request.focus.includes(check.category)));
  const keys = new Set(speaking.map(checkKey));
  const faults = Map.groupBy(speaking, (check) => TOLD_WITH[check.id]?.find((host) => keys.has(checkKey({ ...check, id: host }))) ?? check.id);
  return [...faults].flatMap(([id, group]) => {
    const own = group.filter((check) => check.id === id);
    const draft = draftOf(id, [...own, ...group.filter((check) => check.id !== id)], evidence);
    return draft === null ? [] : [draft];
  });
}

function draftOf(id: string, checks: Check[], evidence: Evidence): Draft | null {
  const wording = WORDINGS[id];
  const [first] = checks;
  if (wording === undefined || first === undefined) return null;
  const fault = caseOf(checks, evidence);
  return {
    title: capitalised(wording.title(fault)),
    section: wording.section,
    whatIsWrong: wording.wrong(fault),
    whyItMatters: wording.why,
    recommendations: wording.recommend(fault),
    category: first.category,
    claimKind: wording.claimKind,
    severity: severityOf(wording.impact, checks),
    impact: wording.impact,
    effort: wording.effort,
    elements: fault.elements.map((element) => element.id),
    checks: checks.map(checkKey),
  };
}

function caseOf(checks: Check[], evidence: Evidence): Case {
  const cited = new Set(checks.flatMap((check) => check.elements));
  const elements = evidence.views.flatMap((view) => view.elements).filter((element) => cited.has(element.id));
  const [first] = elements;
  const devices = [...new Set(checks.flatMap((check) => check.device ?? []))];
  return {
    evidence,
    checks,
    elements,
    facts: [...Map.groupBy(checks, (check) => check.value)].map(([value, same]) => {
      const on = same.flatMap((check) => check.device ?? []);
      return on.length === 0 ? value : `on ${[...new Set(on)].join(' and ')}, ${value}`;
    }).join('; '),
    where: devices.length === 0 ? 'on the page' : `on ${devices.join(' and ')}`,
    named(otherwise) {
      const text = first === undefined ? '' : shortened(first.text || first.name);
      return text === '' ? otherwise : `"${text}"`;
    },
  };
}

function severityOf(impact: number, checks: Check[]): Level {
  const fails = checks.some((check) => check.status === 'fail');
  if (impact >= 4 && fails) return 'high';
  return impact >= 3 || fails ? 'medium' : 'low';
}

function summaryOf({ evidence, checks }: Brief, findings: Finding[], total: number): string {
  const measured = checks.filter((check) => check.status !== 'unknown').length;
  const page = evidence.title.trim() === '' ? evidence.url : `"${subjectOf(evidence.title)}"`;
  const [first, second] = findings;
  if (first === undefined) {
    return `Of ${measured} things that could be measured on ${page}, none costs conversions by our yardsticks. Wording and offer were not judged: that takes a reader.`;
  }
  const left = total > findings.length ? ` ${total - findings.length} lesser ones are not shown.` : '';
  const next = second === undefined ? '' : ` Then: ${second.title}.`;
  return `${page} has ${total} ${total === 1 ? 'fault' : 'faults'} that ${total === 1 ? 'costs' : 'cost'} conversions, found in ${measured} measurements.${left} Begin with this one: ${first.title}.${next}`;
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Long labels cut at a word, so that a title stays a title. */
function shortened(text: string): string {
  if (text.length <= 40) return text;
  return `${text.slice(0, 40).replace(/\s+\S*$/, '')}…`;
}

/** Puts what an analyst wrote to the proof, with nothing but the evidence and the checks. */
import type { Check, Device, ElementRef, Finding, RejectedFinding } from '@cro-analyzer/protocol/messages';
import { checkKey } from '../check-key.ts';
import type { Evidence, PageElement } from '../evidence.ts';
import type { Draft } from './draft.ts';
import { foldText, inventedQuotes, quotesIn } from './quotes.ts';

/** Elements that a finding takes over from its failed checks when it names none itself. */
const BORROWED_ELEMENTS = 5;

type Proof = { finding: Finding } | { rejected: RejectedFinding };

/**
 * A draft as a finding, or why it is not one.
 *
 * Rejected: it names elements or checks that do not exist; every check that it cites passes; it claims an absence that
 * a cited check contradicts; it rests on nothing; it quotes text that the page does not have.
 * Confirmed: a cited check warns or fails, or (copy) the quoted text stands in a cited element. Else plausible.
 *
 * The finding's `id` is empty: each analyst numbers its own.
 */
export function proveDraft(draft: Draft, evidence: Evidence, checks: Check[]): Proof {
  const elements = new Map<string, { element: PageElement; device: Device }>();
  for (const view of evidence.views) {
    for (const element of view.elements) elements.set(element.id, { element, device: view.device });
  }
  const known = new Map(checks.map((check) => [checkKey(check), check]));
  const elementIds = [...new Set(draft.elements.map((id) => id.trim()))];
  const keys = [...new Set(draft.checks.map((key) => key.trim()))];

  const unknown = [
    ...elementIds.filter((id) => !elements.has(id)).map((id) => `element ${id}`),
    ...keys.filter((key) => !known.has(key)).map((key) => `check ${key}`),
  ];
  const cited = keys.flatMap((key) => known.get(key) ?? []);
  const reason = unknown.length > 0
    ? `It cites what the page does not have: ${unknown.join(', ')}.`
    : contradiction(draft, elementIds, cited) ?? invention(draft, evidence, checks);
  if (reason !== null) return { rejected: { title: draft.title, reason } };

  const failing = cited.filter((check) => check.status === 'warn' || check.status === 'fail');
  const ids = elementIds.length > 0
    ? elementIds
    : [...new Set(failing.flatMap((check) => check.elements))].slice(0, BORROWED_ELEMENTS);
  const located = ids.flatMap((id) => elements.get(id) ?? []);
  const quoted = draft.claimKind === 'copy' && quoteStandsIn(draft, located.map(({ element }) => element));
  const confidence = confidenceOf(failing, quoted, located.some(({ element }) => element.visible));
  const impact = clamp(draft.impact);
  const effort = clamp(draft.effort);

  return {
    finding: {
      id: '',
      title: draft.title.trim(),
      section: draft.section.trim(),
      whatIsWrong: draft.whatIsWrong.trim(),
      whyItMatters: draft.whyItMatters.trim(),
      recommendations: draft.recommendations.map((text) => text.trim()).filter((text) => text !== ''),
      category: draft.category,
      claimKind: draft.claimKind,
      severity: draft.severity,
      impact,
      effort,
      confidence,
      priority: Math.round((impact * confidence / effort) * 100) / 100,
      devices: devicesOf(evidence, located.map(({ device }) => device), cited),
      elements: located.map(({ element, device }) => reference(element, device)),
      checks: keys,
      verdict: failing.length > 0 || quoted ? 'confirmed' : 'plausible',
    },
  };
}

/** Why the checks speak against the draft; null when they do not. */
function contradiction(draft: Draft, elementIds: string[], cited: Check[]): string | null {
  if (draft.title.trim() === '' || draft.whatIsWrong.trim() === '') return 'It says nothing.';

  if (cited.length === 0) {
    if (elementIds.length === 0) return 'It cites neither an element nor a check.';
    const needsCheck = draft.claimKind === 'measurement' || draft.claimKind === 'absence';
    return needsCheck ? `A claim of ${draft.claimKind} needs a check, and it cites none.` : null;
  }
  if (draft.claimKind === 'absence') {
    // The same check may pass on one device and fail on the other; that is no contradiction.
    const against = cited.filter((check) => check.status === 'pass'
      && !cited.some((other) => other.id === check.id && other.status !== 'pass'));
    return against.length > 0 ? `It says that something is missing, and the page has it: ${against.map(checkKey).join(', ')}.` : null;
  }
  return cited.every((check) => check.status === 'pass') ? `Every check that it cites passes: ${cited.map(checkKey).join(', ')}.` : null;
}

/** What the draft quotes and the page does not have, as a reason; null when there is none. */
function invention(draft: Draft, evidence: Evidence, checks: Check[]): string | null {
  if (draft.claimKind === 'absence') return null; // It quotes what is not there.
  const invented = inventedQuotes(draft.whatIsWrong, evidence, checks);
  return invented.length > 0 ? `It quotes text that the page does not have: ${invented.map((quote) => `"${quote}"`).join(', ')}.` : null;
}

function quoteStandsIn(draft: Draft, elements: PageElement[]): boolean {
  const haystack = elements.map((element) => foldText(`${element.text}\n${element.name}`));
  return quotesIn(draft.whatIsWrong).some((quote) => haystack.some((text) => text.includes(foldText(quote))));
}

/**
 * 0-1: 0.9 where a cited check fails, 0.8 where one warns, 0.7 where the quoted copy is found, 0.4 where nothing
 * confirms the claim; 0.05 more when it points at an element that visitors see.
 */
function confidenceOf(failing: Check[], quoted: boolean, seen: boolean): number {
  const base = failing.some((check) => check.status === 'fail') ? 0.9
    : failing.length > 0 ? 0.8
      : quoted ? 0.7 : 0.4;
  return Math.round((base + (seen ? 0.05 : 0)) * 100) / 100;
}

/** The devices of what is cited; all of the page's where nothing cited belongs to one. */
function devicesOf(evidence: Evidence, ofElements: Device[], cited: Check[]): Device[] {
  const named = new Set<Device>(ofElements);
  for (const check of cited) {
    if (check.device !== null) named.add(check.device);
  }
  const all = evidence.views.map((view) => view.device);
  return named.size === 0 ? all : all.filter((device) => named.has(device));
}

function reference(element: PageElement, device: Device): ElementRef {
  return { id: element.id, device, selector: element.selector, box: element.box, text: element.text || element.name };
}

function clamp(value: number): number {
  return Math.min(5, Math.max(1, Math.round(value)));
}

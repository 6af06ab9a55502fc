/** Findings in the order in which a page should be fixed. */
import type { Finding } from '@cro-analyzer/protocol/messages';

/** The first `maxFindings` by priority, then by title. */
export function rank(findings: Finding[], maxFindings: number): Finding[] {
  return findings.toSorted((a, b) => b.priority - a.priority || compare(a.title, b.title)).slice(0, maxFindings);
}

/** Whether two findings are about the same thing: the same checks or the same title, and an element in common (or none at all). */
export function sameFinding(a: Finding, b: Finding): boolean {
  return (sameChecks(a, b) || foldTitle(a.title) === foldTitle(b.title)) && sameElements(a, b);
}

function sameChecks(a: Finding, b: Finding): boolean {
  return a.checks.length > 0 && a.checks.length === b.checks.length && b.checks.every((key) => a.checks.includes(key));
}

function sameElements(a: Finding, b: Finding): boolean {
  if (a.elements.length === 0 && b.elements.length === 0) return true;
  return a.elements.some(({ id }) => b.elements.some((other) => other.id === id));
}

/** The words and figures of the one with the higher priority under the first one's id; what both rest on. */
export function merge(first: Finding, second: Finding): Finding {
  const better = second.priority > first.priority ? second : first;
  const elements = new Map([...first.elements, ...second.elements].map((element) => [element.id, element]));
  return {
    ...better,
    id: first.id,
    devices: [...new Set([...first.devices, ...second.devices])],
    elements: [...elements.values()],
    checks: [...new Set([...first.checks, ...second.checks])],
  };
}

function foldTitle(title: string): string {
  return title.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, ' ').trim();
}

/** By code unit, so that the order is the same on every machine. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

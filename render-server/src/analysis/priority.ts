/** Findings in the order in which a page should be mended. */
import type { Finding } from '@cro-analyzer/protocol/messages';

/**
 * Merges findings that say the same, sorts by priority and then title, and keeps the first `maxFindings`.
 *
 * Ids: a finding that has one keeps it, because it may have been shown under it while the rest was still being
 * written; of merged findings the first one's id stays. Those without get the next free of f1, f2 ... in this order.
 */
export function rank(findings: Finding[], maxFindings: number): Finding[] {
  const distinct: Finding[] = [];
  for (const finding of findings) {
    const index = distinct.findIndex((other) => sameFinding(other, finding));
    const other = distinct[index];
    if (other === undefined) distinct.push(finding);
    else distinct[index] = merge(other, finding);
  }
  distinct.sort((a, b) => b.priority - a.priority || compare(a.title, b.title));

  const ids = new Set(distinct.map((finding) => finding.id));
  let next = 1;
  const number = (): string => {
    while (ids.has(`f${next}`)) next += 1;
    return `f${next++}`;
  };
  return distinct.slice(0, maxFindings).map((finding) => (finding.id === '' ? { ...finding, id: number() } : finding));
}

/** Whether two findings rest on the same checks, or have the same title and an element in common (or none at all). */
export function sameFinding(a: Finding, b: Finding): boolean {
  const keys = new Set(a.checks);
  if (keys.size > 0 && keys.size === b.checks.length && b.checks.every((key) => keys.has(key))) return true;

  if (foldTitle(a.title) !== foldTitle(b.title)) return false;
  const ids = new Set(a.elements.map((element) => element.id));
  return ids.size === 0 && b.elements.length === 0 || b.elements.some((element) => ids.has(element.id));
}

/** The words and figures of the one with the higher priority; what both rest on. */
function merge(first: Finding, second: Finding): Finding {
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

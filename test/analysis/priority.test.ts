import type { Finding } from '@cro-analyzer/protocol/messages';
import { expect, test } from 'vitest';
import { rank } from '../../render-server/src/analysis/priority.ts';

function findingOf(overrides: Partial<Finding> = {}): Finding {
  return {
    id: '', title: 'A finding', section: 'hero', whatIsWrong: 'w', whyItMatters: 'y', recommendations: [], category: 'attention',
    claimKind: 'visual', severity: 'low', impact: 3, effort: 3, confidence: 0.5, priority: 0.5, devices: ['desktop'], elements: [], checks: [], verdict: 'plausible',
    ...overrides,
  };
}
const element = (id: string) => ({ id, device: 'desktop' as const, selector: `#${id}`, box: { x: 0, y: 0, width: 1, height: 1 }, text: '' });

test('findings come by priority, then by title, numbered in that order and cut', () => {
  const ranked = rank([findingOf({ title: 'C', priority: 1 }), findingOf({ title: 'B', priority: 2 }), findingOf({ title: 'A', priority: 1 })], 2);
  expect(ranked.map(({ id, title }) => [id, title])).toEqual([['f1', 'B'], ['f2', 'A']]);
});

test('a finding that was shown under an id keeps it, and no other gets it', () => {
  const ranked = rank([findingOf({ id: 'f1', title: 'A' }), findingOf({ id: 'f2', title: 'B', priority: 3 }), findingOf({ title: 'C', priority: 9 })], 10);
  expect(ranked.map(({ id, title }) => [id, title])).toEqual([['f3', 'C'], ['f2', 'B'], ['f1', 'A']]);
});

test('findings on the same checks become one, with the words of the stronger and the id of the first', () => {
  const ranked = rank([
    findingOf({ id: 'f1', title: 'Weak', checks: ['a', 'b'], elements: [element('d1')], devices: ['desktop'] }),
    findingOf({ title: 'Strong', checks: ['b', 'a'], priority: 2, elements: [element('m1')], devices: ['mobile'] }),
  ], 10);
  expect(ranked).toHaveLength(1);
  expect(ranked[0]).toMatchObject({ id: 'f1', title: 'Strong', priority: 2, devices: ['desktop', 'mobile'], elements: [{ id: 'd1' }, { id: 'm1' }] });
});

test('findings of one title become one when they share an element, and stay two when they do not', () => {
  const first = findingOf({ title: 'Vague link!', elements: [element('d1'), element('d2')] });
  expect(rank([first, findingOf({ title: 'vague  link', elements: [element('d2')] })], 10)).toHaveLength(1);
  expect(rank([first, findingOf({ title: 'Vague link', elements: [element('d3')] })], 10)).toHaveLength(2);
});

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

test('findings come by priority, then by title, numbered in that order and cut', () => {
  const ranked = rank([findingOf({ title: 'C', priority: 1 }), findingOf({ title: 'B', priority: 2 }), findingOf({ title: 'A', priority: 1 })], 2);
  expect(ranked.map(({ id, title }) => [id, title])).toEqual([['r1', 'B'], ['r2', 'A']]);
});

test('a finding that was shown under an id keeps it, and none is numbered like it', () => {
  const ranked = rank([findingOf({ id: 'f1', title: 'A' }), findingOf({ id: 'f2', title: 'B', priority: 3 }), findingOf({ title: 'C', priority: 9 })], 10);
  expect(ranked.map(({ id, title }) => [id, title])).toEqual([['r1', 'C'], ['f2', 'B'], ['f1', 'A']]);
});

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

test('findings come by priority, then by title, under the ids that they have, and are cut', () => {
  const ranked = rank([findingOf({ id: 'f1', title: 'C', priority: 1 }), findingOf({ id: 'f2', title: 'B', priority: 2 }), findingOf({ id: 'f3', title: 'A', priority: 1 })], 2);
  expect(ranked.map(({ id, title }) => [id, title])).toEqual([['f2', 'B'], ['f3', 'A']]);
});

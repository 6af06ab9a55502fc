import { expect, test } from 'vitest';
import { checkKey } from '../../render-server/src/check-key.ts';
import { runChecks } from '../../render-server/src/checks/run.ts';
import { bareView, pageWith } from '../support/page-parts.ts';

test('no two checks share a key, and each says how it was measured and by which yardstick', () => {
  const checks = runChecks(pageWith({}, { views: [bareView(), bareView({}, 'mobile')] }));
  expect(new Set(checks.map(checkKey)).size).toBe(checks.length);
  for (const check of checks) {
    expect([check.title, check.threshold, check.method, check.source, check.value].every((text) => text !== ''), check.id).toBe(true);
  }
});

test('the same evidence gives the same checks in the same order', () => {
  const evidence = pageWith({}, { views: [bareView(), bareView({}, 'mobile')] });
  expect(runChecks(evidence)).toEqual(runChecks(structuredClone(evidence)));
});

test('an empty page in an unknown language is accused of no absent words', () => {
  const accused = runChecks(pageWith({}, { language: 'fi' })).filter((check) => check.category === 'trust' && check.status === 'warn');
  expect(accused.map((check) => check.id)).toEqual([]);
});

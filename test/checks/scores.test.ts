import type { Check, CheckStatus, Device } from '@cro-analyzer/protocol/messages';
import { expect, test } from 'vitest';
import { scoresOf } from '../../render-server/src/checks/scores.ts';

const check = (id: string, status: CheckStatus, device: Device | null = null): Check =>
  ({ id, status, device, title: id, category: 'speed', value: '', threshold: '', elements: [], method: '', source: '' });

test('a score is the weighted mean of pass, warn and fail', () => {
  expect(scoresOf([check('weight', 'pass'), check('broken', 'fail')]).speed).toEqual({ value: 67, checks: ['weight', 'broken'] });
  expect(scoresOf([check('weight', 'warn'), check('broken', 'warn')]).speed.value).toBe(50);
});

test('what is unknown is left out and not listed', () => {
  expect(scoresOf([check('weight', 'fail'), check('broken', 'unknown')]).speed).toEqual({ value: 0, checks: ['weight'] });
});

test('a score is null when too little of it is known, and when nothing was measured', () => {
  expect(scoresOf([check('weight', 'unknown'), check('broken', 'pass')]).speed.value).toBeNull();
  expect(scoresOf([]).conversion).toEqual({ value: null, checks: [] });
});

test('a page without a call to action fails what rests on one, in the score alone', () => {
  const conversion = (present: CheckStatus) => scoresOf([check('cta.present', present), check('cta.fold', 'unknown'), check('cta.contrast', 'unknown'), check('https', 'pass')]).conversion.value;
  expect(conversion('fail')).toBe(27);
  expect(conversion('unknown')).toBeNull();
});

test('the mobile score is made from what was measured on a phone', () => {
  const { mobile } = scoresOf([check('cta.fold', 'fail', 'desktop'), check('cta.fold', 'pass', 'mobile')]);
  expect(mobile).toEqual({ value: 100, checks: ['cta.fold@mobile'] });
});

import { AnalysisRequest, type Finding } from '@cro-analyzer/protocol/messages';
import { expect, test } from 'vitest';
import { Collector } from '../../render-server/src/analysis/collector.ts';
import type { Draft } from '../../render-server/src/analysis/draft.ts';
import { checkOf, evidenceOf } from '../support/evidence.ts';

const checks = [checkOf({ id: 'cta.vague', status: 'warn' }), checkOf()];

function collect(maxFindings = 10): { collector: Collector; shown: Finding[] } {
  const shown: Finding[] = [];
  const request = AnalysisRequest.parse({ url: 'https://shop.example/mug', maxFindings });
  const collector = new Collector({ request, evidence: evidenceOf(), checks }, (finding) => shown.push(finding));
  collector.beginCall();
  return { collector, shown };
}

function draftOf(overrides: Partial<Draft> = {}): Draft {
  return {
    title: 'A finding', section: 'hero', whatIsWrong: 'It is so.', whyItMatters: 'It costs.', recommendations: [], category: 'attention',
    claimKind: 'visual', severity: 'low', impact: 3, effort: 3, elements: ['d2'], checks: [], ...overrides,
  };
}
const titles = (findings: Finding[]): string[] => findings.map(({ id, title }) => `${id} ${title}`);

test('two things that one check is about stay two findings', () => {
  const { collector, shown } = collect();
  collector.take(draftOf({ title: 'Vague heading', elements: ['d1'], checks: ['cta.vague@desktop'] }));
  collector.take(draftOf({ title: 'Vague button', elements: ['d2'], checks: ['cta.vague@desktop'] }));
  expect(titles(shown)).toEqual(['f1 Vague heading', 'f2 Vague button']);
  expect(titles(collector.findings(true))).toEqual(['f1 Vague heading', 'f2 Vague button']);
});

test('one thing told twice is one finding, shown once, with the words of the stronger and what both rest on', () => {
  const { collector, shown } = collect();
  collector.take(draftOf({ title: 'Weak', elements: ['d2'], checks: ['cta.vague@desktop'] }));
  collector.take(draftOf({ title: 'Strong', elements: ['d1', 'd2'], checks: ['cta.vague@desktop'], impact: 5 }));
  expect(titles(shown)).toEqual(['f1 Weak']);
  expect(collector.findings(true)).toMatchObject([{ id: 'f1', title: 'Strong', elements: [{ id: 'd2' }, { id: 'd1' }] }]);
});

test('titles that differ in case and marks are the same, unless they are about other elements', () => {
  const { collector, shown } = collect();
  collector.take(draftOf({ title: 'Vague link!', elements: ['d1'] }));
  collector.take(draftOf({ title: 'vague  link', elements: ['d1'] }));
  collector.take(draftOf({ title: 'Vague link', elements: ['d2'] }));
  expect(titles(shown)).toEqual(['f1 Vague link!', 'f2 Vague link']);
});

test('no more are shown than wanted, and what was shown is what counts', () => {
  const { collector, shown } = collect(2);
  for (const title of ['one', 'two', 'three']) collector.take(draftOf({ title, impact: title === 'three' ? 5 : 1 }));
  expect(titles(shown)).toEqual(['f1 one', 'f2 two']);
  expect(titles(collector.findings(true))).toEqual(titles(shown));
});

test('of a call that was made again, only what the whole second answer repeats stays', () => {
  const { collector, shown } = collect();
  collector.take(draftOf({ title: 'first only' }));
  collector.take(draftOf({ title: 'both' }));
  collector.beginCall();
  collector.take(draftOf({ title: 'Both' }));
  collector.take(draftOf({ title: 'second only' }));
  expect(titles(shown)).toEqual(['f1 first only', 'f2 both', 'f3 second only']);
  expect(titles(collector.findings(true))).toEqual(['f2 both', 'f3 second only']);
});

test('when no answer was whole, all that was shown stays', () => {
  const { collector, shown } = collect(3);
  for (const title of ['one', 'two']) collector.take(draftOf({ title }));
  collector.beginCall();
  for (const title of ['three', 'four']) collector.take(draftOf({ title }));
  expect(titles(shown)).toEqual(['f1 one', 'f2 two', 'f3 three']);
  expect(titles(collector.findings(false))).toEqual(titles(shown));
});

test('what a second call brings counts though no more can be shown', () => {
  const { collector, shown } = collect(1);
  collector.take(draftOf({ title: 'one' }));
  collector.beginCall();
  collector.take(draftOf({ title: 'two' }));
  expect(titles(shown)).toEqual(['f1 one']);
  expect(titles(collector.findings(true))).toEqual(['f2 two']);
});

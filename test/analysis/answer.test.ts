import { expect, test } from 'vitest';
import { AnswerReader } from '../../render-server/src/analysis/answer.ts';

const draft = (title: string) => ({
  title, section: 's', whatIsWrong: 'Braces } ] and "quotes" and 😀 in text', whyItMatters: 'y', recommendations: ['r'], category: 'trust',
  claimKind: 'visual', severity: 'low', impact: 1, effort: 1, elements: ['d1'], checks: [],
});

test('each finding is given out with the very character that completes it, however the text is cut', () => {
  const text = JSON.stringify({ summary: 'S', findings: [draft('one'), draft('two')] });
  const reader = new AnswerReader();
  const titles = [...text].map((character) => reader.write(character).map(({ title }) => title));
  const first = text.indexOf('},{"title":"two"');
  expect(titles.map((found, at) => [at, ...found]).filter((entry) => entry.length > 1)).toEqual([[[...text.slice(0, first)].length, 'one'], [[...text].length - 3, 'two']]);
  expect(reader).toMatchObject({ summary: 'S', complete: true });
});

test('an answer without findings is complete', () => {
  const reader = new AnswerReader();
  reader.write('{"summary":"All well","findings":[]}\n');
  expect(reader.complete).toBe(true);
});

test.each(['', '{"summary":"S","findings":[', 'Here is the JSON: {}', '```json\n{"summary":"S","findings":[]}\n```', '{"summary":7,"findings":[]}'])('%j is never complete', (text) => {
  const reader = new AnswerReader();
  expect(reader.write(text)).toEqual([]);
  expect(reader.complete).toBe(false);
});

test('a finding of the wrong shape is left out, the others stay, and the answer is not complete', () => {
  const reader = new AnswerReader();
  const found = reader.write(JSON.stringify({ summary: 'S', findings: [{ title: 'half' }, draft('whole')] }));
  expect(found.map(({ title }) => title)).toEqual(['whole']);
  expect(reader.complete).toBe(false);
});

test('an answer without end is given up', () => {
  const reader = new AnswerReader();
  for (let at = 0; at < 300; at += 1) reader.write(`${at === 0 ? '{"summary":"' : ''}${'x'.repeat(1000)}`);
  reader.write('","findings":[]}');
  expect(reader.complete).toBe(false);
});

import { performance } from 'node:perf_hooks';
import { expect, test } from 'vitest';
import { pricesIn } from '../render-server/src/prices.ts';
import * as words from '../render-server/src/words.ts';

const patterns: [string, (text: string) => unknown][] = Object.entries(words).flatMap(([name, pattern]) => (pattern instanceof RegExp ? [[name, (text) => pattern.test(text)]] : []));

test.each([...patterns, ['pricesIn', pricesIn] as const])('%s reads a text of digits in time that grows with its length alone', (_name, read) => {
  const timeOf = (length: number): number => Math.min(...[1, 2, 3].map(() => {
    const start = performance.now();
    for (const unit of ['1', '1 ', '1.', '111 ', '+1 ']) read(unit.repeat(length / unit.length));
    return performance.now() - start;
  }));
  timeOf(2_000);
  // Eight times the text takes eight times as long; sixty-four if every digit were a start of its own. Under 4 ms nothing is told.
  expect(timeOf(40_000) / Math.max(4, timeOf(5_000))).toBeLessThan(30);
});

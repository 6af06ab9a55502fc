import { describe, expect, it } from 'vitest';
import { Throughput } from '../../render-server/src/jobs/throughput.ts';

describe('the estimate of waits', () => {
  it('follows what jobs took, shared by those that run at the same time', () => {
    const throughput = new Throughput(() => 4, 12_000);
    for (let job = 0; job < 100; job += 1) throughput.record(20_000);
    expect(throughput.waitBehind(0)).toBe(0);
    expect(throughput.waitBehind(8)).toBeCloseTo(40_000, -3);
  });

  it('sends refused callers away one after the other, so that they do not come back all at once', () => {
    const throughput = new Throughput(() => 4, 12_000);
    const times = [1, 2, 3, 4].map(() => throughput.retryAfter(1_000_000));
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(new Set(times).size).toBe(4);
  });

  it('sends nobody away for more than a minute', () => {
    const throughput = new Throughput(() => 1, 12_000);
    const times = Array.from({ length: 100 }, () => throughput.retryAfter(1_000_000));
    expect(Math.max(...times)).toBe(60_000);
  });
});

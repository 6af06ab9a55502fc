import { describe, expect, it } from 'vitest';
import { JobQueue } from '../../render-server/src/jobs/queue.ts';

describe('the queue', () => {
  it('gives jobs out in the order in which they came', () => {
    const queue = new JobQueue();
    for (const id of ['a', 'b', 'c']) queue.push(id);
    expect([queue.shift(), queue.shift(), queue.shift(), queue.shift()]).toEqual(['a', 'b', 'c', undefined]);
  });

  it('tells how many wait before a job, and lets one leave before its turn', () => {
    const queue = new JobQueue();
    for (const id of ['a', 'b', 'c']) queue.push(id);
    expect(queue.position('c')).toBe(2);
    expect(queue.remove('b')).toBe(true);
    expect(queue.remove('b')).toBe(false);
    expect(queue.position('c')).toBe(1);
    expect(queue.position('b')).toBeUndefined();
  });

  it('wakes who waits for the first job', async () => {
    const queue = new JobQueue();
    const woken = Promise.all([queue.filled(), queue.filled()]);
    queue.push('a');
    await woken;
    expect(queue.size).toBe(1);
  });
});

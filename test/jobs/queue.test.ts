import type { Priority } from '@cro-analyzer/protocol/messages';
import { describe, expect, it } from 'vitest';
import { JobQueue } from '../../render-server/src/jobs/queue.ts';

/** A queue with jobs named `a1` for owner a, in this order. */
function queueOf(...ids: string[]): JobQueue {
  const queue = new JobQueue();
  for (const id of ids) push(queue, id);
  return queue;
}

function push(queue: JobQueue, id: string, priority: Priority = 'normal'): void {
  queue.push({ id, owner: id.charAt(0), priority });
}

function drain(queue: JobQueue): string[] {
  const order: string[] = [];
  for (let id = queue.shift(); id !== undefined; id = queue.shift()) order.push(id);
  return order;
}

const many = (owner: string, count: number): string[] => Array.from({ length: count }, (_, index) => `${owner}${index + 1}`);

describe('the queue', () => {
  it('gives the jobs of one owner out in the order in which they came', () => {
    expect(drain(queueOf('a1', 'a2', 'a3'))).toEqual(['a1', 'a2', 'a3']);
  });

  it('lets owners take turns, however many jobs one of them has', () => {
    const queue = queueOf(...many('a', 500), 'b1', 'c1', 'c2');
    expect(drain(queue).slice(0, 6)).toEqual(['a1', 'b1', 'c1', 'a2', 'c2', 'a3']);
  });

  it('serves an owner who comes late after one turn of each of the others', () => {
    const queue = queueOf(...many('a', 100), ...many('b', 100));
    for (let turn = 0; turn < 50; turn += 1) queue.shift();
    push(queue, 'c1');
    expect(drain(queue).indexOf('c1')).toBeLessThanOrEqual(2);
  });

  it('does not let an owner gain turns by coming with one job at a time', () => {
    const queue = queueOf(...many('a', 20));
    const order: string[] = [];
    for (let job = 1; job <= 10; job += 1) {
      push(queue, `b${job}`);
      order.push(queue.shift() ?? '', queue.shift() ?? '');
    }
    expect(order.filter((id) => id.startsWith('b'))).toHaveLength(10);
    expect(order.filter((id) => id.startsWith('a'))).toHaveLength(10);
  });

  it('gives higher priorities more of the turns of their owner, and starves none', () => {
    const queue = new JobQueue();
    for (const [priority, name] of [['low', 'l'], ['normal', 'n'], ['high', 'h']] as const) {
      for (let job = 0; job < 70; job += 1) queue.push({ id: `${name}${job}`, owner: 'a', priority });
    }
    const first = drain(queue).slice(0, 70);
    const share = (name: string): number => first.filter((id) => id.startsWith(name)).length;
    expect([share('h'), share('n'), share('l')]).toEqual([40, 20, 10]);
    expect(first[0]).toBe('h0');
  });

  it('lets no priority of one owner push another owner back', () => {
    const queue = new JobQueue();
    for (const id of many('a', 50)) push(queue, id, 'high');
    push(queue, 'b1', 'low');
    expect(drain(queue).indexOf('b1')).toBeLessThanOrEqual(1);
  });

  it('tells how many come before a job, in about the order in which it serves them', () => {
    const queue = queueOf(...many('a', 5), ...many('b', 2));
    const positions = queue.positions(() => true);
    expect(queue.position('b2')).toBe(positions.get('b2'));
    expect(queue.position('z1')).toBeUndefined();
    const order = drain(queue);
    for (const [place, id] of order.entries()) expect(Math.abs((positions.get(id) ?? 99) - place), id).toBeLessThanOrEqual(1);
  });

  it('tells a new owner of a short wait behind a long line of another', () => {
    const queue = queueOf(...many('a', 500));
    expect(queue.positionOfNew('b', 'normal')).toBe(1);
    expect(queue.positionOfNew('a', 'normal')).toBe(500);
  });

  it('lets a job leave before its turn, once', () => {
    const queue = queueOf('a1', 'a2', 'a3');
    expect(queue.remove('a2')).toBe(true);
    expect(queue.remove('a2')).toBe(false);
    expect(queue.size).toBe(2);
    expect(drain(queue)).toEqual(['a1', 'a3']);
  });

  it('wakes who waits for the first job', async () => {
    const queue = new JobQueue();
    const woken = Promise.all([queue.filled(), queue.filled()]);
    push(queue, 'a1');
    await woken;
    expect(queue.size).toBe(1);
  });
});

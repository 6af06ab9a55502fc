import { afterEach, describe, expect, it } from 'vitest';
import { MemoryGate } from '../../render-server/src/jobs/memory-gate.ts';

let gate: MemoryGate;
let used = 0;

function open(share: number): void {
  used = share;
  gate = new MemoryGate(() => ({ usedBytes: used * 1_000, limitBytes: 1_000 }));
}

function fill(share: number): void {
  used = share;
  gate.sample();
}

afterEach(() => gate.close());

describe('the memory gate', () => {
  it('leaves the whole credit while there is memory', () => {
    open(0.5);
    expect(gate.share).toBe(1);
    expect(gate.use.level).toBe('ok');
  });

  it('lowers credit first, and refuses only when memory is full', () => {
    open(0.5);
    fill(0.8);
    expect(gate.use.level).toBe('tight');
    expect(gate.share).toBeGreaterThan(0);
    expect(gate.share).toBeLessThan(1);
    const before = gate.share;
    fill(0.85);
    expect(gate.share).toBeLessThan(before);
    fill(0.95);
    expect(gate.use.level).toBe('full');
    expect(gate.share).toBe(0);
  });

  it('stays full until there is real room again', () => {
    open(0.95);
    fill(0.88);
    expect(gate.use.level).toBe('full');
    fill(0.8);
    expect(gate.use.level).toBe('tight');
  });

  it('tells of every change, and of nothing else', () => {
    open(0.5);
    let told = 0;
    const stop = gate.onChange(() => { told += 1; });
    fill(0.6);
    expect(told).toBe(0);
    fill(0.8);
    expect(told).toBe(1);
    stop();
    fill(0.5);
    expect(told).toBe(1);
  });
});

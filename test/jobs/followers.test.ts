import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Followers } from '../../render-server/src/jobs/followers.ts';

const KEEP_MS = 60_000;
const lost: string[] = [];
let followers: Followers;

beforeEach(() => {
  vi.useFakeTimers();
  lost.length = 0;
  followers = new Followers(KEEP_MS, (id) => lost.push(id));
});

afterEach(() => vi.useRealTimers());

describe('jobs of a lost client', () => {
  it('are kept for a while, and then given up', () => {
    followers.open('a', 'keep');
    const leave = followers.follow('a');
    vi.advanceTimersByTime(10 * KEEP_MS);
    leave();
    vi.advanceTimersByTime(KEEP_MS - 1);
    expect(lost).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(lost).toEqual(['a']);
  });

  it('are kept when the client comes back in time, or another follows them', () => {
    followers.open('a', 'keep');
    const leave = followers.follow('a');
    followers.follow('a');
    leave();
    leave();
    vi.advanceTimersByTime(10 * KEEP_MS);
    expect(lost).toEqual([]);
  });

  it('are given up at once where the client asked so', () => {
    followers.open('a', 'cancel');
    followers.follow('a')();
    expect(lost).toEqual(['a']);
  });

  it('are finished all the same where the client asked so', () => {
    followers.open('a', 'finish');
    followers.follow('a')();
    vi.advanceTimersByTime(10 * KEEP_MS);
    expect(lost).toEqual([]);
  });

  it('are not lost before their client had the time to follow them, as after a restart of the server', () => {
    followers.open('a', 'cancel');
    vi.advanceTimersByTime(20_000);
    expect(lost).toEqual([]);
    vi.advanceTimersByTime(10 * KEEP_MS);
    expect(lost).toEqual(['a']);
  });

  it('are none of its business once they have ended, or the server stops', () => {
    followers.open('a', 'keep');
    followers.open('b', 'cancel');
    const leave = followers.follow('b');
    followers.forget('a');
    followers.close();
    leave();
    vi.advanceTimersByTime(10 * KEEP_MS);
    expect(lost).toEqual([]);
  });
});

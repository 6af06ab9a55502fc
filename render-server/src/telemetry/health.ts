/** What a scheduler needs to know before it sends more work here; `/pressure` answers with it. */
export interface Pressure {
  /** Whether a job submitted now would be taken. */
  accepting: boolean;
  /** Page slots: in all, those of living browsers, and those in use. */
  slots: { total: number; ready: number; busy: number };
  /** Jobs that wait, how many may, and how long the first of them has waited. */
  queue: { length: number; max: number; oldestMs: number };
  running: number;
  /** Expected wait of a job submitted now, in ms. */
  waitMs: number;
  /** `tight` lowers credit, `full` takes nothing more in. */
  memory: { usedBytes: number; limitBytes: number; level: 'ok' | 'tight' | 'full' };
  /** Screenshots and facts of pages that wait for Claude. */
  evidence: { bytes: number; maxBytes: number };
  /** Calls to Claude; null on a server without a key for it. `down` while they are held back because the last ones failed. */
  claude: { state: 'up' | 'down'; limit: number; active: number; waiting: number } | null;
  /** How much longer the same work takes in the browsers than at first: 2 is half as fast. */
  drift: number;
  /** Jobs that a new session may have open. */
  credit: number;
}

/** What `/readyz` says. */
export interface Health {
  ready: boolean;
  /** Why it is not ready: work sent here now would be refused or lost. Empty when it is. */
  reasons: string[];
  /** What is worse than it should be, although work is done. */
  degraded: string[];
  slots: Pressure['slots'];
  jobs: { queued: number; running: number };
  /** Whether Chromium runs in its own sandbox. */
  sandbox: boolean;
}

/** Drift from which on the pool counts as slowed. */
const SLOW = 1.5;

/**
 * Whether the server can take work, and what is wrong with it.
 * @param signs what pressure does not tell: whether it is stopping, whether the store takes writes, Chromium's sandbox,
 *   and the expected wait from which on no caller's jobs are taken, in ms
 */
export function judge(pressure: Omit<Pressure, 'accepting'>, signs: { draining: boolean; storing: boolean; sandboxed: boolean; maxWaitMs: number }): Health {
  const { slots, queue, running, waitMs, memory, claude, drift } = pressure;
  const reasons = [
    ...(signs.draining ? ['draining'] : []),
    ...(slots.ready === 0 ? ['no browser is running'] : []),
    ...(queue.length >= queue.max ? ['the queue is full'] : []),
    ...(waitMs > signs.maxWaitMs ? ['the expected wait is too long'] : []),
    ...(memory.level === 'full' && running + queue.length > 0 ? ['memory is full'] : []), // with nothing to do it takes a job all the same
    ...(signs.storing ? [] : ['the store takes no writes']),
  ];
  const degraded = [
    ...(slots.ready > 0 && slots.ready < slots.total ? [`${slots.ready} of ${slots.total} pages are ready`] : []),
    ...(claude?.state === 'down' ? ['Claude does not answer'] : []),
    ...(signs.sandboxed ? [] : ['Chromium runs without its sandbox']),
    ...(drift >= SLOW ? [`the pool has slowed to ${Math.round(100 / drift)} %`] : []),
    ...(memory.level === 'tight' ? ['memory is tight'] : []),
  ];
  return { ready: reasons.length === 0, reasons, degraded, slots, jobs: { queued: queue.length, running }, sandbox: signs.sandboxed };
}

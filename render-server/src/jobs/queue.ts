import type { Priority } from '@cro-analyzer/protocol/messages';

/** A job that waits for a page. */
export interface QueuedJob {
  readonly id: string;
  readonly owner: string;
  readonly priority: Priority;
}

/** Turns that a priority gets for each one of `low`, among the jobs of one owner. */
const WEIGHTS: Record<Priority, number> = { high: 4, normal: 2, low: 1 };

const PRIORITIES = ['high', 'normal', 'low'] as const satisfies Priority[];

/** Jobs of one owner and priority, first come first served. */
interface Line {
  readonly ids: Set<string>;
  /** Its next turn, in the time of its lane. */
  pass: number;
}

/** All jobs of one owner. */
interface Lane {
  readonly lines: Record<Priority, Line>;
  /** Its next turn, in the time of the queue. */
  pass: number;
  now: number;
  size: number;
}

/**
 * Ids of the jobs that wait for a page. Owners take turns, so that an owner with one job does not wait behind another's
 * five hundred; among the jobs of one owner the priorities take turns by their weights, so that none starves. Both by
 * stride scheduling (Waldspurger and Weihl, 1995). The store has the jobs; this is their order.
 */
export class JobQueue {
  readonly #jobs = new Map<string, QueuedJob>();
  /** An empty lane stays: owners are few, and one that comes right back has had its turn. */
  readonly #lanes = new Map<string, Lane>();
  #now = 0;
  #waiting: PromiseWithResolvers<void> | undefined;

  get size(): number {
    return this.#jobs.size;
  }

  push(job: QueuedJob): void {
    const lane = this.#lanes.get(job.owner) ?? newLane();
    this.#lanes.set(job.owner, lane);
    if (lane.size === 0) lane.pass = Math.max(lane.pass, this.#now); // time spent away is not saved up
    const line = lane.lines[job.priority];
    if (line.ids.size === 0) line.pass = Math.max(line.pass, lane.now);
    line.ids.add(job.id);
    lane.size += 1;
    this.#jobs.set(job.id, job);
    this.#waiting?.resolve();
    this.#waiting = undefined;
  }

  /** Takes out the job whose turn it is, if any waits. */
  shift(): string | undefined {
    let next: Lane | undefined;
    for (const lane of this.#lanes.values()) if (lane.size > 0 && (!next || lane.pass < next.pass)) next = lane;
    if (!next) return undefined;
    const waiting = PRIORITIES.filter((priority) => next.lines[priority].ids.size > 0);
    const turn = waiting.reduce((best, priority) => (next.lines[priority].pass < next.lines[best].pass ? priority : best), waiting[0] ?? 'normal');
    const line = next.lines[turn];
    const [id = ''] = line.ids;
    this.#now = next.pass;
    next.pass += 1;
    next.now = line.pass;
    line.pass += 1 / WEIGHTS[turn];
    this.remove(id);
    return id;
  }

  /** Takes a job out before its turn: whether it was waiting. */
  remove(id: string): boolean {
    const job = this.#jobs.get(id);
    const lane = job && this.#lanes.get(job.owner);
    if (!job || !lane) return false;
    lane.lines[job.priority].ids.delete(id);
    lane.size -= 1;
    this.#jobs.delete(id);
    return true;
  }

  /** About how many jobs come before a new one of this owner and priority. */
  positionOfNew(owner: string, priority: Priority): number {
    const lane = this.#lanes.get(owner);
    return this.#before(owner, lane, priority, lane?.lines[priority].ids.size ?? 0);
  }

  /** About how many jobs come before one that waits; undefined for one that does not. */
  position(id: string): number | undefined {
    const job = this.#jobs.get(id);
    return job && this.#positions(job.owner, job.priority, (other) => other === id).get(id);
  }

  /** About how many jobs come before each of those that are wanted. */
  positions(wanted: (id: string) => boolean): Map<string, number> {
    const lines = [...this.#lanes.keys()].flatMap((owner) => PRIORITIES.map((priority) => this.#positions(owner, priority, wanted)));
    return new Map(lines.flatMap((line) => [...line]));
  }

  /** Jobs of an owner that wait. */
  sizeOf(owner: string): number {
    return this.#lanes.get(owner)?.size ?? 0;
  }

  /** Owners whose jobs wait. */
  get owners(): number {
    let waiting = 0;
    for (const lane of this.#lanes.values()) if (lane.size > 0) waiting += 1;
    return waiting;
  }

  /** Resolves as soon as something waits. */
  async filled(): Promise<void> {
    if (this.size > 0) return;
    this.#waiting ??= Promise.withResolvers();
    await this.#waiting.promise;
  }

  /** Of the jobs in one line. */
  #positions(owner: string, priority: Priority, wanted: (id: string) => boolean): Map<string, number> {
    const positions = new Map<string, number>();
    const lane = this.#lanes.get(owner);
    let rank = 0;
    for (const id of lane?.lines[priority].ids ?? []) {
      if (wanted(id)) positions.set(id, this.#before(owner, lane, priority, rank));
      rank += 1;
    }
    return positions;
  }

  /** Jobs before the one of this rank in its line: those of its own lane by the weights, then as many of each other lane. */
  #before(owner: string, lane: Lane | undefined, priority: Priority, rank: number): number {
    let mine = rank;
    for (const other of PRIORITIES) {
      if (other === priority || !lane) continue;
      mine += Math.min(lane.lines[other].ids.size, Math.floor((rank + 1) * WEIGHTS[other] / WEIGHTS[priority]));
    }
    let all = mine;
    for (const [name, { size }] of this.#lanes) if (name !== owner) all += Math.min(size, mine + 1);
    return all;
  }
}

function newLane(): Lane {
  const line = (): Line => ({ ids: new Set(), pass: 0 });
  return { lines: { high: line(), normal: line(), low: line() }, pass: 0, now: 0, size: 0 };
}

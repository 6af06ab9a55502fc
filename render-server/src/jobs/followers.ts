import type { OnLost } from '@cro-analyzer/protocol/messages';

/** Time that a client has to follow a job it has just submitted, or to come back after a restart of the server, in ms. */
const MEET_MS = 30_000;

interface Followed {
  readonly onLost: OnLost;
  count: number;
  /** Whether anyone ever followed it: a job is not lost before its client had the time to follow. */
  met: boolean;
  timer: NodeJS.Timeout | undefined;
}

/** Tells when the jobs of a lost client shall go: by each job's own choice at once, after a while, or never. */
export class Followers {
  readonly #keepMs: number;
  readonly #onLost: (id: string) => void;
  readonly #jobs = new Map<string, Followed>();
  #closed = false;

  /**
   * @param keepMs how long a job is kept that nobody follows
   * @param onLost called with the id of each job whose client is lost for good
   */
  constructor(keepMs: number, onLost: (id: string) => void) {
    this.#keepMs = keepMs;
    this.#onLost = onLost;
  }

  /** A job became open. */
  open(id: string, onLost: OnLost): void {
    if (this.#closed) return;
    const job: Followed = { onLost, count: 0, met: false, timer: undefined };
    this.#jobs.set(id, job);
    this.#wait(id, job);
  }

  /** A job ended. */
  forget(id: string): void {
    clearTimeout(this.#jobs.get(id)?.timer);
    this.#jobs.delete(id);
  }

  /** Someone follows the job, until the returned call. */
  follow(id: string): () => void {
    const job = this.#jobs.get(id);
    if (!job) return () => {};
    clearTimeout(job.timer);
    job.count += 1;
    job.met = true;
    let left = false;
    return () => {
      if (left) return;
      left = true;
      job.count -= 1;
      if (job.count === 0 && this.#jobs.get(id) === job) this.#wait(id, job);
    };
  }

  /** Nobody is lost any more: the server stops, and so do all connections. */
  close(): void {
    this.#closed = true;
    for (const { timer } of this.#jobs.values()) clearTimeout(timer);
    this.#jobs.clear();
  }

  #wait(id: string, job: Followed): void {
    if (job.onLost === 'finish') return;
    if (job.onLost === 'cancel' && job.met) return this.#onLost(id);
    job.timer = setTimeout(() => this.#onLost(id), job.met ? this.#keepMs : Math.max(this.#keepMs, MEET_MS)).unref();
  }
}

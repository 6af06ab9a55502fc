import type { Finding, Stage } from '@cro-analyzer/protocol/messages';
import type { Logger } from 'pino';
import type { End } from '../store/jobs.ts';

/** What happens to a job, for whoever watches it. */
export type JobEvent =
  | { type: 'progress'; stage: Stage; fraction: number; message: string; position?: number }
  | { type: 'finding'; finding: Finding }
  | { type: 'end'; end: End };

/** Where a running job stands: what a watcher who comes late is told first. */
export interface Snapshot {
  stage: Stage;
  attempt: number;
  findings: Finding[];
}

export type Listener = (event: JobEvent) => void;

interface Live extends Snapshot {
  listeners: Set<Listener>;
}

/** Fans the events of open jobs out to their watchers. Ended jobs leave nothing behind: their truth is the store. */
export class JobEvents {
  readonly #logger: Pick<Logger, 'error'>;
  readonly #live = new Map<string, Live>();
  readonly #owners = new Map<string, Set<() => void>>();

  constructor(logger: Pick<Logger, 'error'>) {
    this.#logger = logger;
  }

  /** A job became open: accepted now, or found in the store at the start. */
  open(id: string): void {
    this.#live.set(id, { stage: 'queued', attempt: 0, findings: [], listeners: new Set() });
  }

  /** A new attempt begins: what an earlier one found is no longer so. */
  beginAttempt(id: string, attempt: number): void {
    const live = this.#live.get(id);
    if (live) Object.assign(live, { attempt, findings: [] });
  }

  publish(id: string, event: JobEvent): void {
    const live = this.#live.get(id);
    if (!live) return;
    if (event.type === 'progress') live.stage = event.stage;
    if (event.type === 'finding') live.findings.push(event.finding);
    if (event.type === 'end') this.#live.delete(id);
    for (const listener of live.listeners) this.#tell(() => listener(event));
  }

  /** Whether anyone listens to it. */
  followed(id: string): boolean {
    return (this.#live.get(id)?.listeners.size ?? 0) > 0;
  }

  snapshot(id: string): Snapshot | undefined {
    const live = this.#live.get(id);
    return live && { stage: live.stage, attempt: live.attempt, findings: [...live.findings] };
  }

  /** Listens until the job's end or the returned call. Undefined when the job is not open: then the store has its end. */
  listen(id: string, listener: Listener): (() => void) | undefined {
    const live = this.#live.get(id);
    if (!live) return undefined;
    live.listeners.add(listener);
    return () => live.listeners.delete(listener);
  }

  /** A job or batch of this owner has ended, and the store has the event. */
  ended(owner: string): void {
    for (const wake of this.#owners.get(owner) ?? []) this.#tell(wake);
  }

  /** Calls `wake` whenever something of the owner has ended. Returns the call that stops it. */
  onEnded(owner: string, wake: () => void): () => void {
    const wakes = this.#owners.get(owner) ?? new Set();
    this.#owners.set(owner, wakes.add(wake));
    return () => {
      wakes.delete(wake);
      if (wakes.size === 0) this.#owners.delete(owner);
    };
  }

  /** One watcher who fails keeps the event from no other. */
  #tell(listener: () => void): void {
    try {
      listener();
    } catch (error) {
      this.#logger.error({ err: error }, 'a watcher failed');
    }
  }
}

/** What the clients were told, in the order in which they were told it. */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import type { AnalysisRequestInput, AnalysisResult, OnLost, WireError } from '@cro-analyzer/protocol/messages';
import type { SoakPage } from './pages.mts';

/** A job that a client wants: one idempotency key, however often it is submitted. */
export interface Order {
  readonly key: string;
  readonly idempotencyKey: string;
  readonly page: SoakPage;
  readonly request: AnalysisRequestInput;
  readonly onLost: OnLost;
}

/** An end as somebody was told it; two are the same when `digest` is. */
export interface End {
  readonly stage: 'done' | 'failed' | 'cancelled';
  readonly error?: WireError;
  /** Of one that is done. */
  readonly attempts?: number;
  readonly digest: string;
}

/** One accepted job. */
export interface Entry {
  readonly job: string;
  readonly order: Order;
  /** A client asked for its end, or said that it may be cancelled when nobody follows it. */
  cancellable: boolean;
  /** The first end that anyone was told. */
  end?: End;
  told: number;
}

/** A client that waits for the end of an accepted job, on a connection of its own. */
export interface Wait {
  readonly job: string;
  readonly by: string;
  /** When it asked last, in ms since the epoch: a client that comes back asks again. */
  askedAt: number;
  toldAt?: number;
}

export class Journal {
  readonly entries = new Map<string, Entry>();
  /** Every order that was sent, by idempotency key, accepted or not. */
  readonly orders = new Map<string, Order>();
  /** Refusals by code. */
  readonly refusals = new Map<string, number>();
  /** What must never happen, in words. */
  readonly contradictions: string[] = [];
  /** Ends that came a second time on one connection, in words. */
  readonly repeated: string[] = [];
  /** Those that wait, and those that have been told. */
  readonly waits = new Set<Wait>();
  readonly #byKey = new Map<string, string>();
  readonly #file;

  /** @param path gets a line of JSON for each thing that a client was told */
  constructor(path: string) {
    this.#file = createWriteStream(path, { flags: 'a' });
  }

  /** A submit is about to be sent. */
  sent(order: Order): void {
    this.orders.set(order.idempotencyKey, order);
    this.#write({ sent: order.idempotencyKey, page: order.page.address });
  }

  accepted(order: Order, job: string, by: string): void {
    this.#write({ accepted: job, order: order.idempotencyKey, by });
    const known = this.#byKey.get(order.idempotencyKey);
    if (known !== undefined && known !== job) this.contradictions.push(`${order.idempotencyKey} names ${known} and ${job}`);
    this.#byKey.set(order.idempotencyKey, job);
    if (!this.entries.has(job)) this.entries.set(job, { job, order, cancellable: order.onLost === 'cancel', told: 0 });
  }

  /** The job of an order, once somebody was told that it is accepted. */
  jobOf(order: Order): string | undefined {
    return this.#byKey.get(order.idempotencyKey);
  }

  /** A cancel is about to be sent. */
  cancelling(job: string): void {
    this.#write({ cancelling: job });
    const entry = this.entries.get(job);
    if (entry) entry.cancellable = true;
  }

  /** A client waits from now on. */
  waiting(job: string, by: string): Wait {
    const wait: Wait = { job, by, askedAt: Date.now() };
    this.waits.add(wait);
    return wait;
  }

  /** It waits no longer, by its own choice. */
  leaves(wait: Wait): void {
    this.waits.delete(wait);
  }

  refused(order: Order, error: WireError): void {
    this.#write({ refused: order.idempotencyKey, error });
    this.refusals.set(error.code, (this.refusals.get(error.code) ?? 0) + 1);
    const deserved = order.page.ends.some((code) => code === error.code);
    if (!deserved && error.retryAfterMs === undefined) this.contradictions.push(`${order.page.address} was refused without a time to come back: ${error.code} ${error.message}`);
  }

  /** @param wait of the client that was told, if it waited for it */
  ended(job: string, end: End, by: string, wait?: Wait): void {
    if (wait) wait.toldAt ??= Date.now();
    this.#write({ ended: job, stage: end.stage, code: end.error?.code, reason: end.error?.reason, digest: end.digest, by });
    const entry = this.entries.get(job);
    if (!entry) {
      this.contradictions.push(`${job} ended (${end.stage}) and was never accepted`);
      return;
    }
    entry.told += 1;
    entry.end ??= end;
    if (entry.end.digest !== end.digest) this.contradictions.push(`${job} ended as ${nameOf(entry.end)}, and later ${by} was told ${nameOf(end)}`);
  }

  close(): void {
    this.#file.end();
  }

  #write(line: object): void {
    this.#file.write(`${JSON.stringify({ at: Date.now(), ...line })}\n`);
  }
}

/** The end of a job that is done, failed with the error, or (of neither) was cancelled. */
export function endOf({ result, error }: { result?: AnalysisResult | undefined; error?: WireError | undefined }): End {
  const digest = createHash('sha256').update(JSON.stringify(sorted(result ?? error ?? null))).digest('hex').slice(0, 16);
  if (result) return { stage: 'done', attempts: result.attempts, digest };
  return error ? { stage: 'failed', error, digest } : { stage: 'cancelled', digest };
}

/** For example `done` or `failed: page_error, http_status`. */
export function nameOf(end: End): string {
  return [end.stage, ...(end.error ? [[end.error.code, end.error.reason].filter(Boolean).join(', ')] : [])].join(': ');
}

/** The same value in another order of its fields is the same. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, inner]) => [name, sorted(inner)]));
}

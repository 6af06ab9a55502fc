/**
 * The one client of the render server: many jobs over one socket, within the server's credit, surviving lost
 * connections. It uses the global WebSocket and takes its timer from the caller, so it runs inside n8n too.
 */
import { Job, RenderClientError } from './client-job.ts';
import { Subscription, type SubscriptionOptions } from './client-subscription.ts';
import type { Code } from './codes.ts';
import type { Sleep } from './connection.ts';
import { Link } from './link.ts';
import type { AnalysisRequestInput, ClientFrameInput, JobFrame, OnLost, ServerFrame, WireError } from './messages.ts';

export { RenderClientError, type Job, type JobEvent } from './client-job.ts';
export type { Subscription, SubscriptionOptions } from './client-subscription.ts';
export type { Sleep } from './connection.ts';

export interface RenderClientOptions {
  /** Address of the server: http(s) or ws(s). */
  url: string;
  /** API key; none for a server on loopback without keys. */
  token?: string;
  /** Name and version of the program, for the server's log. */
  client: string;
  codec?: 'msgpack' | 'json';
  sleep: Sleep;
  /** How long a server that does not answer, or keeps refusing, is tried again, in ms. A job that it asks to wait longer fails at once. */
  patienceMs?: number;
}

const DEFAULT_PATIENCE_MS = 120_000;
const CANCEL_GRACE_MS = 5_000;

/** Refusals that are worth trying again on the same server. */
const TRY_AGAIN: ReadonlySet<Code> = new Set(['queue_full', 'overloaded', 'rate_limited', 'credit_exceeded', 'draining']);

/** What the client keeps of a job beside its public face. */
interface Entry {
  ref: string;
  job: Job;
  /** Absent for a job that is only watched. */
  submit?: { request: AnalysisRequestInput; idempotencyKey: string; onLost?: OnLost };
  /**
   * waiting: not sent; sent: not acknowledged; refused: to be sent again later; open: accepted;
   * cancelling: cancelled here, the server not yet told.
   */
  state: 'waiting' | 'sent' | 'refused' | 'open' | 'cancelling';
  refusedSince?: number;
  detach(): void;
}

export class RenderClient {
  readonly #options: RenderClientOptions;
  readonly #link: Link;
  readonly #closing = new AbortController();
  readonly #entries = new Map<string, Entry>();
  /** Several local jobs may be one on the server: submitted and watched, or submitted twice under one key. */
  readonly #byJob = new Map<string, Set<Entry>>();
  #welcome: Extract<ServerFrame, { type: 'welcome' }> | undefined;
  #credit = 0;
  #draining = false;
  #subscription: Subscription | undefined;
  #running: Promise<void> | undefined;
  #nextRef = 1;
  #idle: PromiseWithResolvers<void> = Promise.withResolvers();

  constructor(options: RenderClientOptions) {
    const { url, client, token, codec, sleep, patienceMs = DEFAULT_PATIENCE_MS } = options;
    this.#options = options;
    this.#link = new Link({
      url, sleep, patienceMs,
      subprotocol: codec === 'json' ? 'cro.v1.json' : 'cro.v1.msgpack',
      hello: { type: 'hello', client, ...(token ? { token } : {}) },
      busy: () => this.#busy,
      onFrame: (frame) => this.#receive(frame),
      onDown: () => { this.#welcome = undefined; },
    });
  }

  /** What the server said of itself at the last connection. */
  get welcome(): Extract<ServerFrame, { type: 'welcome' }> | undefined {
    return this.#welcome;
  }

  /**
   * Submits a page. Returns at once; the job is sent when the server's credit allows, and sent again with the same
   * idempotency key when the connection breaks before it was acknowledged.
   * @param options.signal cancels the job, here and on the server
   * @param options.onLost what becomes of the job when this client is lost
   */
  submit(request: AnalysisRequestInput, options: { signal?: AbortSignal; idempotencyKey?: string; onLost?: OnLost } = {}): Job {
    const { signal, idempotencyKey = crypto.randomUUID(), onLost } = options;
    return this.#add(signal, { request, idempotencyKey, ...(onLost ? { onLost } : {}) });
  }

  /** Follows a job by its id, from where it stands to its end. */
  watch(id: string, options: { signal?: AbortSignal } = {}): Job {
    return this.#add(options.signal, undefined, id);
  }

  /** Tells of every end of this key's jobs and batches, whoever submitted them. A client has one subscription at a time. */
  subscribe(options: SubscriptionOptions): Subscription {
    if (this.#subscription) throw new Error('This client has a subscription already.');
    const subscription = new Subscription(options, () => this.#unsubscribe());
    if (this.#closing.signal.aborted || options.signal?.aborted) {
      subscription.end();
      return subscription;
    }
    this.#subscription = subscription;
    if (this.#welcome) this.#send(subscription.frame);
    this.#running ??= this.#run();
    return subscription;
  }

  /**
   * Closes the connection. Cancels on their way are delivered first, for a few seconds at most. Jobs still open go on
   * at the server; here they end with `cancelled`, reason `client_closed`.
   */
  async close(): Promise<void> {
    this.#unsubscribe();
    for (const entry of this.#entries.values()) {
      if (entry.state === 'cancelling') continue;
      entry.job.end({ error: cancelledError('client_closed', 'The client was closed before the job ended.') });
      this.#forget(entry);
    }
    if (this.#entries.size > 0) {
      await Promise.race([this.#idle.promise, this.#options.sleep(CANCEL_GRACE_MS, this.#closing.signal).catch(() => {})]);
    }
    this.#closing.abort();
    await this.#running;
  }

  #add(signal: AbortSignal | undefined, submit: Entry['submit'], id?: string): Job {
    const onAbort = (): void => job.cancel();
    const job = new Job(() => this.#cancel(entry));
    const entry: Entry = {
      ref: `r${this.#nextRef++}`,
      job,
      state: id === undefined ? 'waiting' : 'open',
      detach: () => signal?.removeEventListener('abort', onAbort),
      ...(submit ? { submit } : {}),
    };
    if (this.#closing.signal.aborted) {
      job.end({ error: cancelledError('client_closed', 'The client is closed.') });
      return job;
    }
    if (signal?.aborted) {
      job.end({ error: cancelledError('aborted', 'The job was cancelled before it was sent.') });
      return job;
    }
    signal?.addEventListener('abort', onAbort, { once: true });
    this.#entries.set(entry.ref, entry);
    if (id !== undefined) {
      this.#name(entry, id);
      this.#send({ type: 'watch', job: id });
    }
    this.#running ??= this.#run();
    this.#pump();
    return job;
  }

  #cancel(entry: Entry): void {
    if (entry.job.ended) return;
    entry.job.end({ error: cancelledError('aborted', 'The job was cancelled.') });
    const { state } = entry;
    entry.state = 'cancelling';
    if (state === 'waiting' || state === 'refused') this.#forget(entry);
    else if (state === 'open' && entry.job.id) this.#send({ type: 'cancel', job: entry.job.id });
    // A submit that is not acknowledged yet is cancelled when the server has given it an id.
  }

  #forget(entry: Entry): void {
    entry.detach();
    this.#entries.delete(entry.ref);
    this.#unname(entry);
    if (this.#entries.size === 0) {
      this.#idle.resolve();
      this.#idle = Promise.withResolvers();
    }
    this.#pump();
  }

  #name(entry: Entry, id: string): void {
    entry.job.id = id;
    const namesakes = this.#byJob.get(id) ?? new Set();
    this.#byJob.set(id, namesakes.add(entry));
  }

  #unname(entry: Entry): void {
    const namesakes = this.#byJob.get(entry.job.id ?? '');
    namesakes?.delete(entry);
    if (namesakes?.size === 0) this.#byJob.delete(entry.job.id ?? '');
  }

  /** Sends waiting submits while the credit lasts. */
  #pump(): void {
    if (!this.#welcome || this.#draining) return;
    let open = 0;
    for (const entry of this.#entries.values()) if (entry.state !== 'waiting') open += 1;
    for (const entry of this.#entries.values()) {
      if (open >= this.#credit) return;
      if (entry.state !== 'waiting' || !entry.submit) continue;
      entry.state = 'sent';
      open += 1;
      this.#send({ type: 'submit', ref: entry.ref, ...entry.submit });
    }
  }

  #send(frame: ClientFrameInput): void {
    this.#link.send(frame);
  }

  #unsubscribe(error?: RenderClientError): void {
    const subscription = this.#subscription;
    this.#subscription = undefined;
    subscription?.end(error);
  }

  get #busy(): boolean {
    return this.#entries.size > 0 || this.#subscription !== undefined;
  }

  /** Stays connected while there is work; jobs that came while it gave up get a run of their own. */
  async #run(): Promise<void> {
    const failure = await this.#link.run(this.#closing.signal);
    this.#running = undefined;
    if (failure) this.#failAll(failure);
    else if (this.#busy && !this.#closing.signal.aborted) this.#running = this.#run();
  }

  #receive(frame: ServerFrame): void {
    switch (frame.type) {
      case 'welcome': return this.#resume(frame);
      case 'accepted': return this.#accepted(frame);
      case 'rejected': return this.#rejected(frame);
      case 'credit':
        this.#credit = frame.credit;
        return this.#pump();
      case 'draining':
        this.#draining = true;
        return;
      case 'subscribed': return this.#subscription?.subscribed(frame.event);
      case 'ended': case 'batch_ended': return this.#subscription?.ended(frame);
      case 'pong': case 'batch': return;
      default: return this.#jobFrame(frame);
    }
  }

  /** After a connection: what was not acknowledged is sent again, what is open is watched, what was cancelled is told. */
  #resume(welcome: Extract<ServerFrame, { type: 'welcome' }>): void {
    this.#welcome = welcome;
    this.#credit = welcome.credit;
    this.#draining = false;
    for (const entry of this.#entries.values()) {
      const { id } = entry.job;
      if (id) this.#send(entry.state === 'cancelling' ? { type: 'cancel', job: id } : { type: 'watch', job: id });
      else if (entry.submit && (entry.state === 'sent' || entry.state === 'cancelling')) this.#send({ type: 'submit', ref: entry.ref, ...entry.submit });
    }
    if (this.#subscription) this.#send(this.#subscription.frame);
    this.#pump();
  }

  #accepted(frame: Extract<ServerFrame, { type: 'accepted' }>): void {
    const entry = this.#entries.get(frame.ref);
    if (!entry) return;
    this.#name(entry, frame.job);
    delete entry.refusedSince;
    if (entry.state === 'cancelling') return this.#send({ type: 'cancel', job: frame.job });
    entry.state = 'open';
    entry.job.push(frame);
  }

  #rejected(frame: Extract<ServerFrame, { type: 'rejected' }>): void {
    const entries = frame.ref === undefined ? [...(this.#byJob.get(frame.job ?? '') ?? [])] : [this.#entries.get(frame.ref)];
    for (const entry of entries) if (entry) this.#refused(entry, frame.error, frame.ref === undefined);
  }

  #refused(entry: Entry, error: WireError, asOpenJob: boolean): void {
    if (entry.state === 'cancelling') return this.#forget(entry);
    if (asOpenJob && error.code === 'not_found' && entry.submit) {
      // The server lost its store: the submit is a promise of ours, so it is made again.
      this.#unname(entry);
      entry.job.id = undefined;
      entry.state = 'waiting';
      return this.#pump();
    }
    entry.refusedSince ??= Date.now();
    const { retryAfterMs = 1_000 } = error;
    const patienceLeftMs = entry.refusedSince + (this.#options.patienceMs ?? DEFAULT_PATIENCE_MS) - Date.now();
    if (TRY_AGAIN.has(error.code) && retryAfterMs <= patienceLeftMs) {
      entry.state = 'refused';
      return void this.#tryAgain(entry, retryAfterMs);
    }
    entry.job.end({ error: new RenderClientError(error) });
    this.#forget(entry);
  }

  /** The entry keeps its place in the credit while it waits, so that a full server is not asked by everyone at once. */
  async #tryAgain(entry: Entry, delayMs: number): Promise<void> {
    await this.#options.sleep(delayMs, this.#closing.signal).catch(() => {});
    if (entry.state !== 'refused') return;
    entry.state = 'waiting';
    this.#pump();
  }

  #jobFrame(frame: JobFrame): void {
    for (const entry of [...(this.#byJob.get(frame.job) ?? [])]) {
      if (frame.type === 'result') entry.job.end({ result: frame.result });
      else if (frame.type === 'failed') entry.job.end({ error: new RenderClientError(frame.error) });
      else if (frame.type === 'cancelled') entry.job.end({ error: cancelledError(undefined, 'The job was cancelled on the server.') });
      else {
        entry.job.push(frame);
        continue;
      }
      this.#forget(entry);
    }
  }

  #failAll(error: WireError): void {
    this.#unsubscribe(new RenderClientError(error));
    for (const entry of this.#entries.values()) {
      entry.job.end({ error: new RenderClientError(error) });
      this.#forget(entry);
    }
  }
}

function cancelledError(reason: string | undefined, message: string): RenderClientError {
  return new RenderClientError({ code: 'cancelled', message, retryable: false, ...(reason ? { reason } : {}) });
}

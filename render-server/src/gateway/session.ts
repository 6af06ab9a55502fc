import { randomUUID } from 'node:crypto';
import { FrameError, MAX_CLIENT_FRAME_BYTES, codecFor } from '@cro-analyzer/protocol/codec';
import { ClientFrame, type AnalystName } from '@cro-analyzer/protocol/messages';
import type { Logger } from 'pino';
import { RenderError } from '../errors.ts';
import type { JobEvent, Snapshot } from '../jobs/events.ts';
import type { Jobs } from '../jobs/jobs.ts';
import { validate } from '../validate.ts';
import type { Admission } from './admission.ts';
import { bearer, type Auth } from './auth.ts';
import { endFrame, loadEnd } from './end-frame.ts';
import { Outbox } from './outbox.ts';
import type { SessionLimits } from './session-limits.ts';
import { Subscription } from './subscription.ts';
import type { Connection, ConnectionHandler } from './transport/transport.ts';

export interface SessionOptions {
  jobs: Jobs;
  auth: Auth;
  admission: Admission;
  sessions: SessionLimits;
  /** Jobs that one session may have open when there is no pressure. */
  credit: number;
  analysts: AnalystName[];
  limits: { deadlineMs: number; queueMax: number };
  version: string;
  logger: Logger;
}

/** Time for a new connection to say hello, in ms. */
const HELLO_MS = 10_000;

/** Jobs and batches that one session may follow at the same time. */
const MAX_WATCHED = 10_000;

/** Frames that may be in hand at the same time; with more the client is not read until some are done. */
const MAX_IN_HAND = 100;

/** When a submit above the credit is worth another try, in ms. */
const CREDIT_RETRY_MS = 1_000;

/** Close codes. */
const NO_HELLO = 4400;
const UNAUTHORIZED = 4401;
const TOO_MANY = 4429;
const INTERNAL = 1011;

/** One client's connection: says hello, submits within its credit, follows and cancels jobs and batches, subscribes to ends. */
export class Session implements ConnectionHandler {
  readonly id = randomUUID();
  readonly #options: SessionOptions;
  readonly #connection: Connection;
  /** Address of the client, as limits count it. */
  readonly #ip: string;
  readonly #outbox: Outbox;
  readonly #logger: Logger;
  readonly #helloTimer: NodeJS.Timeout;
  /** Jobs and batches that are followed. */
  readonly #watched = new Map<string, Following>();
  /** Open jobs that were submitted or are watched here: they count against the credit. */
  readonly #open = new Set<string>();
  /** Calls that undo what a welcomed session has taken. */
  readonly #leave: (() => void)[] = [];
  #submitting = 0;
  #inHand = 0;
  #paused = false;
  /** The credit that the client was told last. */
  #credit = 0;
  #owner: string | undefined;
  #subscription: Subscription | undefined;
  #closed = false;

  constructor(connection: Connection, ip: string, options: SessionOptions) {
    this.#connection = connection;
    this.#ip = ip;
    this.#options = options;
    this.#outbox = new Outbox(connection, (job) => loadEnd(options.jobs, this.#owner ?? '', job));
    this.#logger = options.logger.child({ session: this.id });
    this.#helloTimer = setTimeout(() => connection.close(NO_HELLO, 'No hello came.'), HELLO_MS);
  }

  /** What is held for a client that does not take it, in bytes. */
  get heldBytes(): number {
    return this.#connection.bufferedBytes + this.#outbox.waitingBytes;
  }

  message(data: string | Uint8Array): void {
    let about: About = {};
    try {
      const value = codecFor(this.#connection.subprotocol).decode(data, MAX_CLIENT_FRAME_BYTES);
      about = aboutOf(value);
      void this.#take(validate(ClientFrame, value, 'frame'), about);
    } catch (error) {
      this.#refuse(error, about);
    }
    this.#throttle();
  }

  drained(): void {
    this.#outbox.drained();
    this.#throttle();
  }

  closed(): void {
    this.#closed = true;
    clearTimeout(this.#helloTimer);
    this.#outbox.close();
    this.#subscription?.stop();
    for (const { stop } of this.#watched.values()) stop?.();
    this.#watched.clear();
    for (const leave of this.#leave) leave();
    this.#logger.debug('session closed');
  }

  /** Tells the client that the server is about to stop. */
  drain(reconnectAfterMs: number): void {
    this.#outbox.send({ type: 'draining', reconnectAfterMs });
  }

  close(): void {
    this.#connection.close(1001, 'The server is stopping.');
  }

  async #take(frame: ClientFrame, about: About): Promise<void> {
    this.#inHand += 1;
    await this.#handle(frame).catch((error: unknown) => this.#refuse(error, about));
    this.#inHand -= 1;
    this.#throttle();
  }

  /** A client that asks faster than it is answered, or does not read its answers, has to wait. */
  #throttle(): void {
    const pause = this.#inHand >= MAX_IN_HAND || this.#outbox.congested;
    if (pause === this.#paused || this.#closed) return;
    this.#paused = pause;
    if (pause) return this.#connection.pause();
    setImmediate(() => { if (!this.#paused && !this.#closed) this.#connection.resume(); }); // others have their turn first
  }

  #refuse(thrown: unknown, about: About): void {
    const error = thrown instanceof FrameError ? new RenderError(thrown.code, thrown.message) : RenderError.from(thrown);
    if (error.code === 'internal') this.#logger.error({ err: error.cause, ...about }, 'a frame could not be handled');
    this.#outbox.send({ type: 'rejected', ...about, error: error.toWire() });
  }

  async #handle(frame: ClientFrame): Promise<void> {
    const owner = this.#owner;
    if (frame.type === 'hello') {
      if (owner !== undefined) throw new RenderError('bad_request', 'type: hello was said already', { reason: 'type' });
      return this.#hello(frame);
    }
    if (owner === undefined) throw new RenderError('unauthorized', 'The first frame must be hello.', { reason: 'no_hello' });
    switch (frame.type) {
      case 'ping': return this.#outbox.send({ type: 'pong', id: frame.id });
      case 'submit': return this.#submit(owner, frame);
      case 'cancel': return frame.job === undefined ? this.#cancelBatch(owner, frame.batch ?? '') : this.#cancel(owner, frame.job);
      case 'watch': return frame.job === undefined ? this.#watchBatch(owner, frame.batch ?? '') : this.#watch(owner, frame.job, () => true);
      case 'subscribe': return this.#subscribe(owner, frame.afterEvent);
    }
  }

  #hello(frame: Extract<ClientFrame, { type: 'hello' }>): void {
    const { auth, analysts, jobs, limits, sessions, version } = this.#options;
    try {
      const owner = auth.owner(bearer(this.#connection.head.authorization) ?? frame.token);
      this.#leave.push(sessions.welcome(owner));
      this.#owner = owner;
    } catch (thrown) {
      const error = RenderError.from(thrown);
      this.#outbox.send({ type: 'rejected', error: error.toWire() });
      return this.#connection.close(error.code === 'unauthorized' ? UNAUTHORIZED : TOO_MANY, error.code);
    }
    clearTimeout(this.#helloTimer);
    this.#connection.admit();
    this.#leave.push(jobs.onCredit(() => this.#creditChanged()));
    this.#credit = jobs.credit(this.#options.credit);
    this.#logger.debug({ client: frame.client, from: this.#ip }, 'session opened');
    this.#outbox.send({ type: 'welcome', session: this.id, version, credit: this.#credit, analysts, limits: { maxFrameBytes: MAX_CLIENT_FRAME_BYTES, ...limits } });
  }

  #creditChanged(): void {
    const credit = this.#options.jobs.credit(this.#options.credit);
    if (credit === this.#credit) return;
    this.#credit = credit;
    this.#outbox.send({ type: 'credit', credit });
  }

  async #submit(owner: string, frame: Extract<ClientFrame, { type: 'submit' }>): Promise<void> {
    const { admission, jobs } = this.#options;
    const request = admission.admit(frame.request);
    if (this.#open.size + this.#submitting >= this.#credit) {
      throw new RenderError('credit_exceeded', `This session may have ${this.#credit} jobs open, which is its credit.`, { retryAfterMs: CREDIT_RETRY_MS });
    }
    this.#submitting += 1;
    const accepted = jobs.submit({ owner, ip: this.#ip }, request, { idempotencyKey: frame.idempotencyKey, onLost: frame.onLost }).finally(() => { this.#submitting -= 1; });
    const { job, deduplicated, position, etaMs } = await accepted;
    if (job.endedAt === null) this.#open.add(job.id);
    this.#outbox.send({ type: 'accepted', ref: frame.ref, job: job.id, position, etaMs, deduplicated });
    await this.#watch(owner, job.id, (snapshot) => deduplicated || snapshot.stage !== 'queued').catch((error: unknown) => {
      this.#open.delete(job.id);
      this.#refuse(error, { job: job.id }); // the submit itself was accepted
    });
  }

  async #cancel(owner: string, id: string): Promise<void> {
    const followed = this.#watched.has(id);
    await this.#options.jobs.cancel(owner, id);
    if (!followed) await this.#watch(owner, id, () => true); // its end is the answer
  }

  async #cancelBatch(owner: string, id: string): Promise<void> {
    const followed = this.#watched.has(id);
    await this.#options.jobs.cancelBatch(owner, id);
    if (!followed) await this.#watchBatch(owner, id);
  }

  /** Follows a job from here on; a second watch begins anew with a snapshot. */
  async #watch(owner: string, id: string, tellSnapshot: (snapshot: Snapshot) => boolean): Promise<void> {
    await this.#follow(id, (current) => this.#options.jobs.watch(
      owner, id,
      (snapshot) => {
        this.#open.add(id);
        if (tellSnapshot(snapshot)) this.#outbox.send({ type: 'snapshot', job: id, ...snapshot });
      },
      (event) => { if (current()) this.#tell(id, event); },
    ));
  }

  async #watchBatch(owner: string, id: string): Promise<void> {
    await this.#follow(id, (current) => this.#options.jobs.watchBatch(owner, id, (counts) => {
      if (!current()) return;
      if (counts.open === 0) this.#watched.delete(id);
      this.#outbox.send({ type: 'batch', batch: id, counts });
    }));
  }

  /** @param watch begins to follow and returns the call that stops it; what it hears once it is not current is not told */
  async #follow(id: string, watch: (current: () => boolean) => Promise<() => void>): Promise<void> {
    const before = this.#watched.get(id);
    if (!before && this.#watched.size >= MAX_WATCHED) throw new RenderError('too_large', `A session may follow ${MAX_WATCHED} jobs and batches.`);
    const following: Following = {};
    const current = (): boolean => this.#watched.get(id) === following;
    this.#watched.set(id, following);
    try {
      following.stop = await watch(current);
    } catch (error) {
      if (current()) this.#watched.delete(id);
      throw error;
    } finally {
      before?.stop?.(); // not before the new one listens: a job that nobody follows may be cancelled
    }
    if (this.#closed) this.#watched.delete(id); // it was closed while this began
    if (!current()) following.stop();
  }

  /** Begins to send this key's ends; a second subscription takes the place of the first. */
  async #subscribe(owner: string, afterEvent: number | undefined): Promise<void> {
    const { jobs } = this.#options;
    this.#subscription?.stop();
    const subscription = new Subscription({
      last: () => jobs.lastEvent(owner),
      after: (event, limit) => jobs.eventsAfter(owner, event, limit),
      onEvent: (wake) => jobs.onEvent(owner, wake),
    }, this.#outbox);
    this.#subscription = subscription;
    const begun = subscription.begin(afterEvent);
    begun.then((event) => subscription.follow(event)).catch((error: unknown) => {
      subscription.stop();
      this.#logger.error({ err: error }, 'the events could not be read');
      this.#connection.close(INTERNAL, 'The events could not be read.'); // the client comes back for what it has not got
    });
    await begun.catch(() => {}); // in hand until it is answered
  }

  #tell(id: string, event: JobEvent): void {
    if (event.type !== 'end') return this.#outbox.send({ ...event, job: id });
    this.#open.delete(id);
    this.#watched.delete(id);
    this.#outbox.send(endFrame(id, event.end));
  }
}

/** A job or batch that is followed; without `stop` while that begins. */
interface Following {
  stop?: () => void;
}

/** What a refused frame was about. */
interface About {
  ref?: string;
  job?: string;
  batch?: string;
}

/** Lets a refusal be matched to its frame even when the rest of the frame is wrong. */
function aboutOf(frame: unknown): About {
  if (typeof frame !== 'object' || frame === null) return {};
  const about: About = {};
  for (const name of ['ref', 'job', 'batch'] as const) {
    const value = (frame as Record<string, unknown>)[name];
    if (typeof value === 'string' && value.length <= 100) about[name] = value;
  }
  return about;
}

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
import { Outbox } from './outbox.ts';
import type { Connection, ConnectionHandler } from './transport/transport.ts';

export interface SessionOptions {
  jobs: Jobs;
  auth: Auth;
  admission: Admission;
  credit: number;
  analysts: AnalystName[];
  limits: { deadlineMs: number; queueMax: number };
  version: string;
  logger: Logger;
}

/** Time for a new connection to say hello, in ms. */
const HELLO_MS = 10_000;

/** Jobs that one session may follow at the same time. */
const MAX_WATCHED = 10_000;

const UNAUTHORIZED = 4401;
const NO_HELLO = 4400;

/** One client's connection: says hello, submits within its credit, follows and cancels jobs. */
export class Session implements ConnectionHandler {
  readonly id = randomUUID();
  readonly #options: SessionOptions;
  readonly #connection: Connection;
  readonly #outbox: Outbox;
  readonly #logger: Logger;
  readonly #helloTimer: NodeJS.Timeout;
  /** Calls that stop following a job. */
  readonly #watched = new Map<string, () => void>();
  /** Jobs that count against the credit. */
  readonly #open = new Set<string>();
  #submitting = 0;
  #owner: string | undefined;
  #closed = false;

  constructor(connection: Connection, options: SessionOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#outbox = new Outbox(connection);
    this.#logger = options.logger.child({ session: this.id });
    this.#helloTimer = setTimeout(() => connection.close(NO_HELLO, 'No hello came.'), HELLO_MS);
  }

  message(data: string | Uint8Array): void {
    let about: About = {};
    try {
      const value = codecFor(this.#connection.subprotocol).decode(data, MAX_CLIENT_FRAME_BYTES);
      about = aboutOf(value);
      this.#handle(validate(ClientFrame, value, 'frame')).catch((error: unknown) => this.#refuse(error, about));
    } catch (error) {
      this.#refuse(error, about);
    }
  }

  drained(): void {
    this.#outbox.drained();
  }

  closed(): void {
    this.#closed = true;
    clearTimeout(this.#helloTimer);
    for (const stop of this.#watched.values()) stop();
    this.#watched.clear();
    this.#logger.debug('session closed');
  }

  /** Tells the client that the server is about to stop. */
  drain(reconnectAfterMs: number): void {
    this.#outbox.send({ type: 'draining', reconnectAfterMs });
  }

  close(): void {
    this.#connection.close(1001, 'The server is stopping.');
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
      case 'cancel': return this.#cancel(owner, frame.job ?? '');
      case 'watch': return this.#watch(owner, frame.job ?? '', () => true);
      case 'subscribe': throw new RenderError('bad_request', 'type: subscribe is not served yet', { reason: 'type' });
    }
  }

  #hello(frame: Extract<ClientFrame, { type: 'hello' }>): void {
    const { auth, analysts, credit, limits, version } = this.#options;
    try {
      this.#owner = auth.owner(bearer(this.#connection.authorization) ?? frame.token);
    } catch (error) {
      this.#outbox.send({ type: 'rejected', error: RenderError.from(error).toWire() });
      return this.#connection.close(UNAUTHORIZED, 'unauthorized');
    }
    clearTimeout(this.#helloTimer);
    this.#logger.debug({ client: frame.client, from: this.#connection.remoteAddress }, 'session opened');
    this.#outbox.send({ type: 'welcome', session: this.id, version, credit, analysts, limits: { maxFrameBytes: MAX_CLIENT_FRAME_BYTES, ...limits } });
  }

  async #submit(owner: string, frame: Extract<ClientFrame, { type: 'submit' }>): Promise<void> {
    const { admission, jobs, credit } = this.#options;
    const request = admission.admit(frame.request);
    if (this.#open.size + this.#submitting >= credit) {
      throw new RenderError('credit_exceeded', `This session has ${credit} jobs open, which is its credit.`, { retryAfterMs: 1_000 });
    }
    this.#submitting += 1;
    const accepted = jobs.submit({ owner, ip: this.#connection.remoteAddress }, request, { idempotencyKey: frame.idempotencyKey, onLost: frame.onLost }).finally(() => { this.#submitting -= 1; });
    const { job, deduplicated, position, etaMs } = await accepted;
    if (!job.end) this.#open.add(job.id);
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

  /** Follows a job from here on; a second watch begins anew with a snapshot. */
  async #watch(owner: string, id: string, tellSnapshot: (snapshot: Snapshot) => boolean): Promise<void> {
    if (this.#watched.size >= MAX_WATCHED) throw new RenderError('too_large', `A session may follow ${MAX_WATCHED} jobs.`);
    let ended = false;
    const stop = await this.#options.jobs.watch(
      owner, id,
      (snapshot) => { if (tellSnapshot(snapshot)) this.#outbox.send({ type: 'snapshot', job: id, ...snapshot }); },
      (event) => {
        ended ||= event.type === 'end';
        this.#tell(id, event);
      },
    );
    if (this.#closed) return stop();
    this.#watched.get(id)?.();
    if (!ended) this.#watched.set(id, stop);
  }

  #tell(id: string, event: JobEvent): void {
    switch (event.type) {
      case 'progress': return this.#outbox.send({ ...event, job: id });
      case 'finding': return this.#outbox.send({ ...event, job: id });
      case 'end': {
        this.#open.delete(id);
        this.#watched.delete(id);
        const { end } = event;
        if (end.stage === 'done') return this.#outbox.send({ type: 'result', job: id, result: end.result });
        if (end.stage === 'failed') return this.#outbox.send({ type: 'failed', job: id, error: end.error });
        return this.#outbox.send({ type: 'cancelled', job: id });
      }
    }
  }
}

/** What a refused frame was about. */
interface About {
  ref?: string;
  job?: string;
}

/** Lets a refusal be matched to its frame even when the rest of the frame is wrong. */
function aboutOf(frame: unknown): About {
  if (typeof frame !== 'object' || frame === null) return {};
  const { ref, job } = frame as Record<string, unknown>;
  const short = (text: unknown): text is string => typeof text === 'string' && text.length <= 100;
  return { ...(short(ref) ? { ref } : {}), ...(short(job) ? { job } : {}) };
}

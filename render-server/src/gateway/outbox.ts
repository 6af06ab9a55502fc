import { codecFor, type Codec } from '@cro-analyzer/protocol/codec';
import type { JobFrame, ServerFrame } from '@cro-analyzer/protocol/messages';
import type { Connection } from './transport/transport.ts';

type WithoutSeq<T> = T extends { seq: number } ? Omit<T, 'seq'> : T;

/** A server frame before the outbox has numbered it. */
export type OutgoingFrame = WithoutSeq<ServerFrame>;

/** Above it nothing more is given to the network until what it has is gone, in bytes. */
const HIGH_WATER_BYTES = 256 * 1024;

/** What waits here for a slow reader, in bytes; above it the connection is cut, and the store keeps the rest. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;

/** Above it the reader is not heard either: its frames would only bring more answers that wait, in bytes. */
const CONGESTED_BYTES = 1024 * 1024;

/** What an end that waits in the store costs here, in bytes. */
const END_BYTES = 100;

/** Close codes: a reader that was too slow, and an end that could not be loaded. Both may connect again and watch their jobs. */
const TOO_SLOW = 4408;
const INTERNAL = 1011;

/** Where the outbox sends to. */
export type Outlet = Pick<Connection, 'subprotocol' | 'bufferedBytes' | 'send' | 'close'>;

type Waiting = { frame: OutgoingFrame; bytes: number } | { endOf: string; bytes: number };

/**
 * Frames on their way to one reader. For a slow one, progress of a job is replaced by newer, ends wait in the store
 * and are loaded when it is their turn, and the rest waits here up to a limit. All but progress keeps its order.
 */
export class Outbox {
  readonly #outlet: Outlet;
  readonly #codec: Codec;
  readonly #loadEnd: (job: string) => Promise<OutgoingFrame>;
  readonly #seq = new Map<string, number>();
  readonly #progress = new Map<string, OutgoingFrame>();
  /** Jobs whose end waits: one answers all who asked for it. */
  readonly #ends = new Set<string>();
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #loading = false;
  #closed = false;
  #room: PromiseWithResolvers<void> | undefined;

  /** @param loadEnd gives the end of a job from the store */
  constructor(outlet: Outlet, loadEnd: (job: string) => Promise<OutgoingFrame>) {
    this.#outlet = outlet;
    this.#codec = codecFor(outlet.subprotocol);
    this.#loadEnd = loadEnd;
  }

  /** What is held here, besides what the network has not taken yet, in bytes. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Whether the reader is so far behind that nothing more should be taken from it. */
  get congested(): boolean {
    return this.#waitingBytes > CONGESTED_BYTES;
  }

  send(frame: OutgoingFrame): void {
    if (this.#closed) return;
    if (this.#free) return this.#transmit(frame);
    if (frame.type === 'progress') return void this.#progress.set(frame.job, frame);
    if (!isEnd(frame)) return this.#wait({ frame, bytes: Buffer.byteLength(this.#codec.encode({ ...frame, seq: 0 })) });
    this.#progress.delete(frame.job);
    if (this.#ends.has(frame.job)) return;
    this.#ends.add(frame.job);
    this.#wait({ endOf: frame.job, bytes: END_BYTES });
  }

  /** The network has taken what it had. */
  drained(): void {
    this.#pump();
  }

  /** Resolves when what is sent now goes straight to the network, or when the outbox is closed. */
  async room(): Promise<void> {
    while (!this.#closed && !this.#free) await (this.#room ??= Promise.withResolvers()).promise;
  }

  /** Nothing is sent or held any more. */
  close(): void {
    this.#closed = true;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#ends.clear();
    this.#progress.clear();
    this.#room?.resolve();
  }

  get #free(): boolean {
    return this.#outlet.bufferedBytes < HIGH_WATER_BYTES && this.#waiting.length === 0 && this.#progress.size === 0 && !this.#loading;
  }

  #wait(entry: Waiting): void {
    this.#waiting.push(entry);
    this.#waitingBytes += entry.bytes;
    if (this.#waitingBytes > MAX_WAITING_BYTES) this.#cut(TOO_SLOW, 'The reader is too slow.');
  }

  #cut(code: number, reason: string): void {
    this.close();
    this.#outlet.close(code, reason);
  }

  #pump(): void {
    while (!this.#loading && this.#outlet.bufferedBytes < HIGH_WATER_BYTES) {
      const next = this.#waiting.shift();
      if (!next) break;
      this.#waitingBytes -= next.bytes;
      if ('frame' in next) this.#transmit(next.frame);
      else void this.#load(next.endOf);
    }
    if (this.#loading || this.#waiting.length > 0) return;
    for (const [job, frame] of this.#progress) {
      this.#progress.delete(job);
      this.#transmit(frame);
    }
    if (!this.#free) return;
    this.#room?.resolve();
    this.#room = undefined;
  }

  /** One at a time, so that a reader costs the memory of one end; what comes meanwhile waits behind it. */
  async #load(job: string): Promise<void> {
    this.#loading = true;
    const frame = await this.#loadEnd(job).catch(() => undefined);
    this.#loading = false;
    if (this.#closed) return;
    if (!frame) return this.#cut(INTERNAL, 'An end could not be loaded.');
    this.#ends.delete(job);
    this.#transmit(frame);
    this.#pump();
  }

  #transmit(frame: OutgoingFrame): void {
    this.#outlet.send(this.#codec.encode(this.#numbered(frame)));
  }

  /** Numbers are given on the way out, so that coalescing leaves no gap. */
  #numbered(frame: OutgoingFrame): object {
    if (!isJobFrame(frame)) return frame;
    const seq = (this.#seq.get(frame.job) ?? 0) + 1;
    if (isEnd(frame)) this.#seq.delete(frame.job);
    else this.#seq.set(frame.job, seq);
    return { ...frame, seq };
  }
}

const JOB_FRAMES: ReadonlySet<ServerFrame['type']> = new Set<JobFrame['type']>(['progress', 'snapshot', 'finding', 'result', 'failed', 'cancelled']);

function isJobFrame(frame: OutgoingFrame): frame is WithoutSeq<JobFrame> {
  return JOB_FRAMES.has(frame.type);
}

function isEnd(frame: OutgoingFrame): frame is WithoutSeq<Extract<JobFrame, { type: 'result' | 'failed' | 'cancelled' }>> {
  return frame.type === 'result' || frame.type === 'failed' || frame.type === 'cancelled';
}

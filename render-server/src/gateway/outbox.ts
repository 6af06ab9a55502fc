import { codecFor, type Codec } from '@cro-analyzer/protocol/codec';
import type { JobFrame, ServerFrame } from '@cro-analyzer/protocol/messages';
import type { Connection } from './transport/transport.ts';

type WithoutSeq<T> = T extends { seq: number } ? Omit<T, 'seq'> : T;

/** A server frame before the outbox has numbered it. */
export type OutgoingFrame = WithoutSeq<ServerFrame>;

/** Above it nothing more is given to the network until what it has is gone, in bytes. */
const HIGH_WATER_BYTES = 256 * 1024;

/** What waits here for a slow reader, in bytes; above it the connection is cut, and the store keeps the ends. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;

/** Close code for a reader that was too slow: it may connect again and watch its jobs. */
const TOO_SLOW = 4408;

/** Frames on their way to one reader. Progress of a job is replaced by newer while it waits; the rest keeps its order. */
export class Outbox {
  readonly #connection: Connection;
  readonly #codec: Codec;
  readonly #seq = new Map<string, number>();
  readonly #progress = new Map<string, OutgoingFrame>();
  #waiting: { frame: OutgoingFrame; bytes: number }[] = [];
  #waitingBytes = 0;
  #overflowed = false;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#codec = codecFor(connection.subprotocol);
  }

  send(frame: OutgoingFrame): void {
    if (this.#overflowed) return;
    if (this.#connection.bufferedBytes < HIGH_WATER_BYTES && this.#waiting.length === 0 && this.#progress.size === 0) return this.#transmit(frame);
    if (frame.type === 'progress') return void this.#progress.set(frame.job, frame);
    if ('job' in frame && frame.job !== undefined && isEnd(frame)) this.#progress.delete(frame.job);
    const bytes = Buffer.byteLength(this.#codec.encode({ ...frame, seq: 0 }));
    this.#waiting.push({ frame, bytes });
    this.#waitingBytes += bytes;
    if (this.#waitingBytes <= MAX_WAITING_BYTES) return;
    this.#overflowed = true;
    this.#waiting = [];
    this.#progress.clear();
    this.#connection.close(TOO_SLOW, 'The reader is too slow.');
  }

  /** The network has taken what it had. */
  drained(): void {
    let next: { frame: OutgoingFrame; bytes: number } | undefined;
    while (this.#connection.bufferedBytes < HIGH_WATER_BYTES && (next = this.#waiting.shift())) {
      this.#waitingBytes -= next.bytes;
      this.#transmit(next.frame);
    }
    if (this.#waiting.length > 0) return;
    for (const [job, frame] of this.#progress) {
      this.#progress.delete(job);
      this.#transmit(frame);
    }
  }

  #transmit(frame: OutgoingFrame): void {
    this.#connection.send(this.#codec.encode(this.#numbered(frame)));
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

function isEnd(frame: OutgoingFrame): boolean {
  return frame.type === 'result' || frame.type === 'failed' || frame.type === 'cancelled';
}

import { isUtf8 } from 'node:buffer';
import { codecFor, MAX_CLIENT_FRAME_BYTES } from '@cro-analyzer/protocol/codec';
import { ClientFrame, type ClientFrameInput, type Subprotocol } from '@cro-analyzer/protocol/messages';
import { Packr } from 'msgpackr';

/** What a client may send by mistake or malice. */
export interface FuzzedFrame {
  data: Buffer;
  binary: boolean;
  /** Whether the server can take it as a frame. */
  readable: boolean;
  /** Text that is no UTF-8: RFC 6455 has the connection closed for it. */
  breaks: boolean;
}

/** Writes what our own codec never would: dates, sets, errors, values that refer to each other. */
const packr = new Packr({ useRecords: false, moreTypes: true, structuredClone: true });

/** Mutations of valid frames of every type. The same seed gives the same frames. */
export class Fuzz {
  readonly #random: () => number;
  readonly #valid: ClientFrameInput[];

  /** @param known a key and a job of the server, for frames that are right but for their mutation */
  constructor(seed: number, known: { token: string; job: string }) {
    this.#random = mulberry32(seed);
    this.#valid = validFrames(known);
  }

  frame(subprotocol: Subprotocol): FuzzedFrame {
    const random = this.#random();
    if (random < 0.02) return this.#sent(this.#pick(NOT_FRAMES), subprotocol);
    const valid = structuredClone(this.#pick(this.#valid));
    const other = subprotocol === 'cro.v1.json' ? 'cro.v1.msgpack' : 'cro.v1.json';
    if (random < 0.05) return this.#sent(encode(valid, other), subprotocol);
    if (random < 0.5) return this.#sent(this.#bend(encode(valid, subprotocol), subprotocol), subprotocol);
    const value = this.#change(valid);
    const bytes = encode(random < 0.95 ? value : this.#change(value), subprotocol);
    return this.#sent(random < 0.9 ? bytes : this.#bend(bytes, subprotocol), subprotocol);
  }

  #sent(data: Buffer, subprotocol: Subprotocol): FuzzedFrame {
    const binary = (subprotocol === 'cro.v1.msgpack') !== (this.#random() < 0.02);
    return { data, binary, readable: isReadable(data, binary, subprotocol), breaks: !binary && !isUtf8(data) };
  }

  /** Bytes flipped, replaced, cut, doubled or put in between. */
  #bend(bytes: Buffer, subprotocol: Subprotocol): Buffer {
    const at = this.#below(bytes.length);
    const byte = subprotocol === 'cro.v1.json' && this.#random() < 0.98 ? this.#below(128) : this.#below(256); // few texts are no UTF-8
    const with_ = (...middle: Uint8Array[]): Buffer => Buffer.concat([bytes.subarray(0, at), ...middle]);
    switch (this.#below(6)) {
      case 0: return with_(Buffer.from([(bytes[at] ?? 0) ^ (1 << this.#below(7))]), bytes.subarray(at + 1));
      case 1: return with_(Buffer.from([byte]), bytes.subarray(at + 1));
      case 2: return bytes.subarray(0, at);
      case 3: return with_(bytes.subarray(at), bytes.subarray(this.#below(bytes.length)));
      case 4: return with_(Buffer.from(Array.from({ length: 1 + this.#below(8) }, () => byte)), bytes.subarray(at));
      default: return with_(bytes.subarray(at + 1 + this.#below(16)));
    }
  }

  /** One field somewhere replaced, removed or added. */
  #change(frame: unknown): unknown {
    const holders = objectsIn(frame);
    const holder = this.#pick(holders);
    const keys = Object.keys(holder);
    const key = this.#random() < 0.8 && keys.length > 0 ? this.#pick(keys) : this.#pick(STRANGE_KEYS);
    if (this.#random() < 0.2) delete holder[key];
    else Object.defineProperty(holder, key, { value: this.#pick(this.#random() < 0.95 ? STRANGE_VALUES : LARGE_VALUES)(frame), enumerable: true, configurable: true, writable: true });
    return frame;
  }

  #pick<T>(from: readonly T[]): T {
    const picked = from[this.#below(from.length)];
    if (picked === undefined) throw new Error('there is nothing to pick from');
    return picked;
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }
}

/** A frame of every type with every field; a type that is added to the protocol and not here is an error. */
function validFrames({ token, job }: { token: string; job: string }): ClientFrameInput[] {
  const batch = `bat_${'0'.repeat(24)}`;
  const byType: { [Type in ClientFrameInput['type']]: Extract<ClientFrameInput, { type: Type }>[] } = {
    hello: [{ type: 'hello', client: 'fuzz', token }],
    submit: [
      {
        type: 'submit', ref: 'r1', idempotencyKey: 'a key of its own', onLost: 'cancel',
        request: {
          url: ':', // refused at the door, whatever a byte is changed to: no page is opened for it
          devices: ['desktop'], goal: 'lead', audience: 'people', context: 'words', focus: ['trust'], maxFindings: 5, language: 'de-AT', analyst: 'rules',
          model: 'claude-x', screenshots: false, wait: { selector: '#a', ms: 10 }, deadlineMs: 9_000, priority: 'low', budgetUsd: 0.5,
          webhook: { url: ':', secret: 'a secret of some length' },
        },
      },
      { type: 'submit', ref: 'r2', idempotencyKey: 'another key of its own', request: { url: ':' } },
    ],
    cancel: [{ type: 'cancel', job }, { type: 'cancel', batch }],
    watch: [{ type: 'watch', job }, { type: 'watch', job: `job_${'0'.repeat(24)}` }, { type: 'watch', batch }],
    subscribe: [{ type: 'subscribe' }, { type: 'subscribe', afterEvent: 0 }],
    ping: [{ type: 'ping', id: 1 }],
  };
  return Object.values(byType).flat();
}

const STRANGE_KEYS = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'then', 'type', 'request', '', '\0', '\ud800', 'x'.repeat(20_000)];

/** Each makes a value; some of them from the frame that it goes into. */
const STRANGE_VALUES: readonly ((frame: unknown) => unknown)[] = [
  () => null, () => true, () => -1, () => 1e308, () => 2 ** 53 + 2, () => -0, () => NaN, () => Infinity, () => 2n ** 64n - 1n,
  () => '', () => '\ud800', () => '\0', () => '\u202e\ufeff', () => '../../etc/passwd', () => "' OR 1=1 --", () => '{{7*7}}${7*7}',
  () => 'submit', () => 'hello', () => [], () => ({}),
  () => JSON.parse('{"__proto__":{"type":"ping","id":1},"constructor":{"prototype":{"admin":true}}}'),
  () => new Date(0), () => new Date(NaN), () => new Set([1]), () => new Error('x'), () => /(a+)+$/, () => new Map([[{}, 1]]), () => new Uint8Array(9), () => new Float64Array(3),
  (frame) => structuredClone(frame), (frame) => new Array(5).fill(structuredClone(frame)),
];

const LARGE_VALUES: readonly (() => unknown)[] = [
  () => 'x'.repeat(MAX_CLIENT_FRAME_BYTES - 500), () => 'x'.repeat(MAX_CLIENT_FRAME_BYTES), () => '\u00e4'.repeat(40_000),
  () => new Array(100_000).fill(0), () => Array.from({ length: 5_000 }, () => ({})),
  () => nested(1_000, (inner) => [inner]), () => nested(1_000, (inner) => ({ a: inner })),
];

/** Bytes that never were a frame. */
const NOT_FRAMES: readonly Buffer[] = [
  Buffer.alloc(0), Buffer.from([0]), Buffer.from([0xc1]), Buffer.from('null'), Buffer.from('[]'), Buffer.from('"ping"'), Buffer.from('{"type":"ping","id":1}}'),
  Buffer.from('['.repeat(20_000)), Buffer.from('{"a":'.repeat(10_000)), Buffer.alloc(20_000, 0x91), Buffer.alloc(20_000, 0x81), Buffer.alloc(70_000, 0x7b),
  Buffer.from([0xdd, 0xff, 0xff, 0xff, 0xff]), Buffer.from([0xdf, 0xff, 0xff, 0xff, 0xff]), Buffer.from([0xdb, 0xff, 0xff, 0xff, 0xff]), Buffer.from([0xc9, 0xff, 0xff, 0xff, 0xff, 1]),
  Buffer.concat(Array.from({ length: 1_000 }, () => Buffer.from([0xdd, 0x00, 0x00, 0xf0, 0x00]))), // arrays in arrays, each said to be large
  Buffer.from([0xd4, 0x72, 0x40, 0x91, 0xa1, 0x61, 0x40]), Buffer.from([0xd4, 0x65, 0x00, 0x92, 0xa8, ...Buffer.from('Function'), 0xa1, 0x78]), // a record, an error
  Buffer.from([0xd6, 0x70, 0, 0, 0, 1]), Buffer.from([0xd6, 0x69, 0, 0, 0, 1, 0x91, 0xd6, 0x70, 0, 0, 0, 1]), // a reference to nothing, one to itself
  Buffer.from([0xc8, 0x80, 0x00, 0x42, ...new Uint8Array(32_768).fill(255)]), // a number of 262,144 bits
];

function encode(frame: unknown, subprotocol: Subprotocol): Buffer {
  if (subprotocol === 'cro.v1.msgpack') return Buffer.from(packr.pack(frame));
  return Buffer.from(JSON.stringify(frame, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)) ?? '');
}

function isReadable(data: Buffer, binary: boolean, subprotocol: Subprotocol): boolean {
  try {
    return ClientFrame.safeParse(codecFor(subprotocol).decode(binary ? data : data.toString('utf8'), MAX_CLIENT_FRAME_BYTES)).success;
  } catch {
    return false;
  }
}

/** The value and every object inside it, while they are not too deep to be looked at. */
function objectsIn(value: unknown, depth = 0): Record<string, unknown>[] {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || depth > 5) return [];
  return [value as Record<string, unknown>, ...Object.values(value).slice(0, 50).flatMap((inner) => objectsIn(inner, depth + 1))];
}

function nested(depth: number, wrap: (inner: unknown) => unknown): unknown {
  let value: unknown = 0;
  for (let n = 0; n < depth; n += 1) value = wrap(value);
  return value;
}

/** A small generator of numbers from 0 to 1, by Tommy Ettinger (public domain). */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Frames to bytes and back, as MessagePack or JSON, within size caps. */
import { Packr } from 'msgpackr';
import type { Subprotocol } from './messages.ts';

/** Where the socket lives on a render server. */
export const SOCKET_PATH = '/v1/socket';

/** The largest frame a server takes from a client, in bytes: a request is text of a few kilobytes. */
export const MAX_CLIENT_FRAME_BYTES = 64 * 1024;

/** The largest batch a server takes over HTTP, in bytes. */
export const MAX_BATCH_BODY_BYTES = 1024 * 1024;

/** The largest frame a client takes from a server, in bytes: a result without pictures stays far below it. */
export const MAX_SERVER_FRAME_BYTES = 8 * 1024 * 1024;

/** A frame that could not be read: `bad_request` or `too_large`. */
export class FrameError extends Error {
  readonly code: 'bad_request' | 'too_large';

  constructor(code: 'bad_request' | 'too_large', message: string) {
    super(message);
    this.name = 'FrameError';
    this.code = code;
  }
}

export interface Codec {
  encode(frame: object): string | Uint8Array<ArrayBuffer>;
  /** @throws FrameError when the frame is larger than `maxBytes`, of the other encoding, or does not parse */
  decode(data: string | Uint8Array, maxBytes: number): unknown;
}

// Plain maps, so that every other MessagePack library reads them; undefined fields are left out as JSON does. A value
// may not refer to another: a frame of some hundred bytes could stand for more than any memory holds.
const packr = new Packr({ useRecords: false, encodeUndefinedAsNil: false, int64AsType: 'number', structuredClone: false });

const msgpack: Codec = {
  encode: (frame) => new Uint8Array(packr.pack(withoutUndefined(frame))),
  decode(data, maxBytes) {
    if (typeof data === 'string') throw new FrameError('bad_request', 'This connection speaks MessagePack: send binary frames.');
    checkSize(data.byteLength, maxBytes);
    return parsed(() => packr.unpack(data), 'MessagePack');
  },
};

const utf8 = new TextEncoder();

const json: Codec = {
  encode: (frame) => JSON.stringify(frame),
  decode(data, maxBytes) {
    if (typeof data !== 'string') throw new FrameError('bad_request', 'This connection speaks JSON: send text frames.');
    checkSize(data.length > maxBytes ? data.length : utf8.encode(data).byteLength, maxBytes);
    return parsed(() => JSON.parse(data), 'JSON');
  },
};

/** The codec of a negotiated subprotocol. */
export function codecFor(subprotocol: Subprotocol): Codec {
  return subprotocol === 'cro.v1.msgpack' ? msgpack : json;
}

function checkSize(bytes: number, maxBytes: number): void {
  if (bytes > maxBytes) throw new FrameError('too_large', `The frame has ${bytes} bytes; the limit is ${maxBytes}.`);
}

function parsed(parse: () => unknown, format: string): unknown {
  try {
    return parse();
  } catch {
    throw new FrameError('bad_request', `The frame is not valid ${format}.`);
  }
}

function withoutUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUndefined);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).flatMap(([key, entry]) => (entry === undefined ? [] : [[key, withoutUndefined(entry)]])));
}

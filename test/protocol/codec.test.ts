import { MAX_CLIENT_FRAME_BYTES, FrameError, codecFor } from '@cro-analyzer/protocol/codec';
import { SUBPROTOCOLS } from '@cro-analyzer/protocol/messages';
import { describe, expect, it } from 'vitest';

const frame = { type: 'submit', ref: 'r1', request: { url: 'https://example.com/ü?q=漢字', devices: ['mobile'], deadlineMs: 180_000 }, absent: undefined };

describe.each(SUBPROTOCOLS)('the codec of %s', (subprotocol) => {
  const codec = codecFor(subprotocol);

  it('gives a frame back as it was, without fields that are undefined', () => {
    expect(codec.decode(codec.encode(frame), MAX_CLIENT_FRAME_BYTES)).toEqual({ type: 'submit', ref: 'r1', request: frame.request });
  });

  it('refuses a frame above the cap by name', () => {
    const encoded = codec.encode({ text: 'x'.repeat(2_000) });
    expect(() => codec.decode(encoded, 1_000)).toThrow(expect.objectContaining({ code: 'too_large', message: expect.stringContaining('limit is 1000') }));
  });

  it('counts bytes, not characters', () => {
    const encoded = codec.encode({ text: '漢'.repeat(400) });
    expect(() => codec.decode(encoded, 1_000)).toThrow(FrameError);
  });

  it('refuses what does not parse', () => {
    const broken = subprotocol === 'cro.v1.json' ? '{"type":' : new Uint8Array([0xdf, 0xff, 0xff, 0xff, 0xff]);
    expect(() => codec.decode(broken, 1_000)).toThrow(expect.objectContaining({ code: 'bad_request' }));
  });

  it('refuses frames of the other encoding', () => {
    const other = subprotocol === 'cro.v1.json' ? new Uint8Array([0x80]) : '{}';
    expect(() => codec.decode(other, 1_000)).toThrow(expect.objectContaining({ code: 'bad_request' }));
  });

  it('never lets a frame reach the prototype of objects', () => {
    const hostile = subprotocol === 'cro.v1.json'
      ? '{"__proto__":{"polluted":true}}'
      : new Uint8Array([0x81, 0xa9, ...Buffer.from('__proto__'), 0x81, 0xa8, ...Buffer.from('polluted'), 0xc3]);
    codec.decode(hostile, 1_000);
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });
});

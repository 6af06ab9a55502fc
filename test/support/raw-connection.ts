import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { SOCKET_PATH } from '@cro-analyzer/protocol/codec';
import type { Subprotocol } from '@cro-analyzer/protocol/messages';

/** A TCP connection to the server; what goes wrong with it is its end, and no error. */
export async function openTcp(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => {});
  await Promise.race([new Promise((resolve) => socket.once('connect', resolve)), closed(socket)]);
  return socket;
}

/** The request that asks for the socket, with these headers besides. */
export function upgradeRequest(url: string, headers: Record<string, string> = {}, subprotocol: Subprotocol = 'cro.v1.json'): string {
  const all = {
    Host: new URL(url).host, Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': randomBytes(16).toString('base64'), 'Sec-WebSocket-Protocol': subprotocol, ...headers,
  };
  return `GET ${SOCKET_PATH} HTTP/1.1\r\n${Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
}

/** A connection whose upgrade the server has answered, without any WebSocket library on this side. */
export async function openUpgraded(url: string, headers: Record<string, string> = {}): Promise<Socket> {
  const socket = await openTcp(url);
  socket.write(upgradeRequest(url, headers));
  await answerOf(socket);
  return socket;
}

export interface FrameBits {
  fin?: boolean;
  /** RSV1 to RSV3, from 4 down to 1. */
  reserved?: number;
  masked?: boolean;
  /** What the header says, when it is not the length of the payload. */
  length?: number;
}

export const OPCODES = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** A WebSocket frame as RFC 6455 (5.2) lays it out, right or wrong. */
export function wireFrame(opcode: number, payload: Buffer = Buffer.alloc(0), { fin = true, reserved = 0, masked = true, length = payload.length }: FrameBits = {}): Buffer {
  const first = (fin ? 0x80 : 0) | (reserved << 4) | opcode;
  const bit = masked ? 0x80 : 0;
  const header = length < 126 ? Buffer.from([first, bit | length])
    : length < 65_536 ? Buffer.from([first, bit | 126, length >> 8, length & 255])
      : Buffer.concat([Buffer.from([first, bit | 127]), bigEndian(length)]);
  return Buffer.concat([header, masked ? Buffer.alloc(4) : Buffer.alloc(0), payload]); // a mask of zeros changes nothing
}

function bigEndian(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

/** What comes next on a connection; nothing when it ends first. */
export function answerOf(socket: Socket): Promise<string> {
  return Promise.race([new Promise<string>((resolve) => socket.once('data', (data) => resolve(data.toString()))), closed(socket).then(() => '')]);
}

/** Resolves when the server has ended the connection. */
export function ended(socket: Socket): Promise<void> {
  socket.resume();
  return closed(socket);
}

function closed(socket: Socket): Promise<void> {
  return socket.closed ? Promise.resolve() : new Promise((resolve) => socket.once('close', () => resolve()));
}

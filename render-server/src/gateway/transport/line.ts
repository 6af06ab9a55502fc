import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';

/** How often a line is looked at, in ms. What fails at one look and still fails at the next has failed. */
const LOOK_MS = 30_000;

/** A client's ping or pong is its data and so many bytes more: it is always masked, and never long (RFC 6455, 5.5). */
const CONTROL_HEADER_BYTES = 6;

/**
 * Cuts a connection whose other side neither speaks nor answers our ping, and one that has begun a message and does not
 * complete it: what has come of it would be held for as long as the client likes.
 */
export function watchLine(webSocket: WebSocket, socket: Socket): { flushed(): void } {
  let alive = true;
  let flushed = false;
  /** Bytes that belong to messages, pings and pongs that are complete. */
  let complete = socket.bytesRead;
  let unfinished = false;

  const look = setInterval(() => {
    // While we do not read, its pong cannot be heard: then it lives as long as it takes what we send.
    const gone = webSocket.isPaused ? !flushed && !alive : !alive;
    const begun = !webSocket.isPaused && socket.bytesRead > complete;
    if (gone || (begun && unfinished)) return webSocket.terminate();
    alive = false;
    flushed = false;
    unfinished = begun;
    webSocket.ping();
  }, LOOK_MS);

  const control = (data: Buffer): void => {
    alive = true;
    complete += data.byteLength + CONTROL_HEADER_BYTES;
  };
  webSocket.on('message', () => {
    alive = true;
    unfinished = false;
    complete = socket.bytesRead;
  });
  webSocket.on('ping', control);
  webSocket.on('pong', control);
  webSocket.on('close', () => clearInterval(look));
  return { flushed: () => { flushed = true; } };
}

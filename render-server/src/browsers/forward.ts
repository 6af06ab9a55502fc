import http from 'node:http';
import type { Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';

/** The largest head of a request or an answer: Chromium's own limit. Node's is 16 kB. */
export const MAX_HEAD_BYTES = 256 * 1024;

/** What is said between two neighbours and not handed on (RFC 9110, 7.6.1). */
const HOP_BY_HOP: readonly string[] = ['connection', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade'];

/**
 * Hands a browser's plain http request on over a connection of its own, and the answer back. Only what strictly is
 * http is an answer: a body whose length is told in two ways could hide the answer to the browser's next request.
 * @throws when nothing came that can be handed back; `response` is untouched then
 */
export async function forward(request: http.IncomingMessage, response: http.ServerResponse, dial: () => Socket): Promise<void> {
  const sent = http.request(request.url ?? '', {
    method: request.method ?? 'GET', headers: endToEnd(request.rawHeaders), createConnection: dial, maxHeaderSize: MAX_HEAD_BYTES, insecureHTTPParser: false,
  });
  response.once('close', () => sent.destroy());
  request.pipe(sent);
  sent.once('close', () => request.resume()); // a site may answer before it has read all
  const answer = await answerTo(sent);
  const { statusCode = 0, statusMessage = '' } = answer;
  if (statusCode === 407) throw new Error('the site speaks as if it were the proxy');
  response.writeHead(statusCode, statusMessage.replace(/[^\t\x20-\x7e\x80-\xff]/g, ''), endToEnd(answer.rawHeaders));
  await pipeline(answer, response).catch(() => {}); // both are destroyed: the browser sees that the end is missing
}

function answerTo(sent: http.ClientRequest): Promise<http.IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>();
  sent.on('error', reject).once('response', resolve);
  sent.once('upgrade', (_answer, socket) => socket.destroy()); // nobody asked for it
  sent.once('close', () => reject(new Error('there was no answer')));
  return promise;
}

function endToEnd(rawHeaders: readonly string[]): string[] {
  return rawHeaders.filter((_, index) => !HOP_BY_HOP.includes(rawHeaders[index - (index % 2)]?.toLowerCase() ?? ''));
}

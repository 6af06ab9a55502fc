import { CODES } from '@cro-analyzer/protocol/codes';
import type { RenderError } from '../errors.ts';

/**
 * An error over HTTP: problem+json (RFC 9457) with the same fields as on the socket.
 * @param answer status instead of that of the code, and the methods that a path takes
 */
export function problem(error: RenderError, answer: { status?: number; allow?: readonly string[] } = {}): Response {
  const { status: usual, advice } = CODES[error.code];
  const status = answer.status ?? usual;
  const headers = new Headers({ 'content-type': 'application/problem+json' });
  if (error.retryAfterMs !== undefined) headers.set('retry-after', String(Math.ceil(error.retryAfterMs / 1000)));
  if (error.code === 'unauthorized') headers.set('www-authenticate', 'Bearer');
  if (answer.allow) headers.set('allow', answer.allow.join(', '));
  return new Response(JSON.stringify({ title: error.code, status, detail: error.message, advice, ...error.toWire() }), { status, headers });
}

import { randomUUID } from 'node:crypto';
import type { Context } from 'hono';
import { RenderError } from '../errors.ts';

/** Longest time a caller may hold a request open with `Prefer: wait`, in seconds. */
const MAX_WAIT_S = 120;

const LIST_DEFAULT = 50;
const LIST_MAX = 200;

/** @throws RenderError bad_request */
export async function jsonBody(c: Context): Promise<unknown> {
  return c.req.json().catch(() => { throw new RenderError('bad_request', 'body: must be JSON', { reason: 'body' }); });
}

/**
 * The `Idempotency-Key` header, or a key of its own for a request without one.
 * @throws RenderError bad_request
 */
export function idempotencyKey(c: Context): string {
  const header = c.req.header('idempotency-key');
  if (header === undefined) return randomUUID();
  if (header.length < 8 || header.length > 200) throw new RenderError('bad_request', 'Idempotency-Key: must have 8 to 200 characters', { reason: 'idempotency-key' });
  return header;
}

/** Seconds of `Prefer: wait=60` (RFC 7240); 0 without it. */
export function waitOf(c: Context): number {
  const seconds = Number(c.req.header('prefer')?.match(/(?:^|[,;\s])wait=(\d+)/)?.[1] ?? 0);
  return Math.min(seconds, MAX_WAIT_S);
}

/**
 * How many entries of a list are asked for.
 * @throws RenderError bad_request
 */
export function limitOf(c: Context): number {
  const count = Number(c.req.query('limit') ?? LIST_DEFAULT);
  if (!Number.isInteger(count) || count < 1 || count > LIST_MAX) throw new RenderError('bad_request', `limit: must be a whole number from 1 to ${LIST_MAX}`, { reason: 'limit' });
  return count;
}

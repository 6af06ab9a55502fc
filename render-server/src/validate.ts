import type { z } from 'zod/v4';
import { RenderError } from './errors.ts';

/** Longest name of a field that an error repeats: callers can make names up. */
const MAX_FIELD = 200;

/**
 * What a schema makes of a value.
 * @param name what the value is, for the message
 * @throws RenderError bad_request that names the first field at fault
 */
export function validate<T extends z.ZodType>(schema: T, value: unknown, name: string): z.output<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = (issue?.path ?? []).reduce<string>((text, part) => (typeof part === 'number' ? `${text}[${part}]` : `${text}${text ? '.' : ''}${String(part)}`), '');
  const field = (issue?.code === 'unrecognized_keys' ? [path, issue.keys[0]].filter(Boolean).join('.') : path).slice(0, MAX_FIELD);
  const message = issue?.code === 'unrecognized_keys' ? 'is not known' : lowerFirst(issue?.message ?? 'is not valid');
  throw new RenderError('bad_request', `${field || name}: ${message}`, { reason: field || name });
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

import { RenderClientError } from '@cro-analyzer/protocol/client';
import { ConfigError } from './config.ts';
import { RenderError } from './errors.ts';

const SYSTEM_ERRORS: Record<string, string> = {
  EADDRINUSE: 'The port is in use by another program. Set CRO_PORT to a free one.',
  EADDRNOTAVAIL: 'CRO_HOST is not an address of this machine.',
  ENOTFOUND: 'CRO_HOST is a name that cannot be resolved.',
  EACCES: 'Permission was denied.',
  ENOTDIR: 'A folder was expected where there is a file.',
  EEXIST: 'A folder was expected where there is a file.',
  EROFS: 'The file system cannot be written.',
};

/** A failure in words for the person at the terminal; only what nobody foresaw shows its stack. */
export function explainFailure(error: unknown): string {
  if (error instanceof RenderClientError) return `${error.code}: ${error.message}\n${error.advice}`;
  if (error instanceof RenderError && error.code !== 'internal') return `${error.code}: ${error.message}`;
  if (error instanceof RenderError && error.reason !== undefined) return error.message;
  if (error instanceof ConfigError) return error.message;
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? String(error.code) : '';
  const words = SYSTEM_ERRORS[code];
  return words ? `${words} (${error.message})` : error.stack ?? error.message;
}

import { createHash, timingSafeEqual } from 'node:crypto';
import { isLoopback } from '../config.ts';
import { RenderError } from '../errors.ts';

/** Owner of all jobs on a server without keys. */
const LOCAL_OWNER = 'local';

/** Tells who is calling. Keys are held as hashes and compared in constant time. */
export class Auth {
  readonly #hashes: readonly Buffer[];

  constructor(keys: readonly string[]) {
    this.#hashes = keys.map(sha256);
  }

  /** Whether callers need a key. */
  get required(): boolean {
    return this.#hashes.length > 0;
  }

  /**
   * The owner that a key stands for.
   * @throws RenderError unauthorized
   */
  owner(key: string | undefined): string {
    if (!this.required) return LOCAL_OWNER;
    const hash = sha256(key ?? '');
    let owner: string | undefined;
    for (const known of this.#hashes) {
      if (timingSafeEqual(known, hash)) owner = known.toString('hex').slice(0, 16);
    }
    if (key === undefined) throw new RenderError('unauthorized', 'This server needs an API key.', { reason: 'no_key' });
    if (owner === undefined) throw new RenderError('unauthorized', 'The API key is not one of this server.', { reason: 'wrong_key' });
    return owner;
  }

  /**
   * Why a request is refused that a foreign web page may have caused, else undefined. A page can make its visitor's
   * browser call a server on loopback: its Origin gives it away, or after DNS rebinding its Host.
   */
  refuse(headers: { host: string | undefined; origin: string | undefined }): string | undefined {
    const origin = headers.origin === undefined ? undefined : URL.parse(headers.origin);
    const scheme = origin?.protocol ?? 'http:'; // the default port that Host may leave out is the scheme's
    const host = URL.parse(`${scheme}//${headers.host ?? ''}`);
    if (origin !== undefined && (origin === null || origin.host !== host?.host)) {
      return 'Web pages of another origin may not call this server.';
    }
    if (!this.required && !isLoopback(host?.hostname.replace(/^\[|\]$/g, '') ?? '')) { // a server with keys may have any name
      return 'A server without API keys answers only to loopback host names. Set CRO_API_KEYS to use another name.';
    }
    return undefined;
  }
}

/** The key of an `Authorization: Bearer` header. */
export function bearer(header: string | undefined): string | undefined {
  return header?.match(/^Bearer +(\S+)$/i)?.[1];
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

import http, { type OutgoingHttpHeaders } from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import { type AllowList, bareHost, checkUrl, isPublicAddress, portOf } from '../addresses.ts';
import { orAbort } from '../bounded.ts';
import type { ResolvedAddress, Resolver } from '../browsers/dns.ts';
import { pinned } from '../browsers/pinned.ts';

/**
 * What came of a message: the answer's status, and a word when there was none or it cannot count. `dns` stands for a
 * name without an answer as for one whose answer is private: which of them it was is not told.
 */
export interface Answer {
  status?: number;
  error?: 'dns' | 'connect' | 'tls' | 'timeout' | 'redirect';
}

/** Where messages may go. */
export interface Egress {
  /** Private hosts that are opened all the same. */
  readonly allow: AllowList;
  readonly resolver: Resolver;
}

/** Nobody reads the answer's body; so much of it is taken that a receiver can write its few words in peace. */
const MAX_ANSWER_BYTES = 16 * 1024;
/** What Node and OpenSSL call their refusals of a certificate or handshake. */
const TLS_CODE = /TLS|SSL|CERT|SIGNATURE|^EPROTO$/;

/**
 * Posts a message. Its host is resolved once, and only an address that was checked is dialled: redirects are not
 * followed, and proxies of the environment are not used.
 * @param signal ends it; an AbortSignal.timeout makes that the word `timeout`
 */
export async function post(address: string, message: { headers: OutgoingHttpHeaders; body: string }, egress: Egress, signal: AbortSignal): Promise<Answer> {
  const target = await orAbort(admit(address, egress), signal).catch(() => undefined);
  if (!target) return { error: signal.aborted ? 'timeout' : 'dns' };
  try {
    const status = await exchange(target, message, signal);
    return { status, ...(status >= 300 && status < 400 ? { error: 'redirect' } : {}) };
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    return { error: signal.aborted ? 'timeout' : TLS_CODE.test(code) ? 'tls' : 'connect' };
  }
}

interface Target { readonly url: URL; readonly addresses: readonly ResolvedAddress[] }

/** The checked addresses of a receiver. @throws when it may not be reached, or its name has no answer */
async function admit(address: string, { allow, resolver }: Egress): Promise<Target> {
  const url = checkUrl(address, allow);
  const host = bareHost(url.hostname);
  const port = portOf(url);
  if (isIP(host) !== 0) return { url, addresses: [] }; // dialled as it is written, and checkUrl has passed it
  const addresses = await resolver.resolve(host, { system: allow.allows(host, port) });
  if (!addresses.every(({ address: ip }) => isPublicAddress(ip) || allow.allows(host, port, ip))) throw new Error('not public');
  return { url, addresses };
}

/** The status of the answer, once its body is over, too long, broken off or too late. */
function exchange({ url, addresses }: Target, { headers, body }: { headers: OutgoingHttpHeaders; body: string }, signal: AbortSignal): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const { request } = url.protocol === 'https:' ? https : http;
  // An agent of its own (false): the global one may have been told to use a proxy.
  const sent = request(url, { method: 'POST', headers, agent: false, ...pinned(addresses), rejectUnauthorized: true, signal });
  sent.on('error', reject);
  sent.once('response', (response) => {
    const finish = (): void => resolve(response.statusCode ?? 0);
    sent.prependListener('error', finish);
    let received = 0;
    response.on('error', finish).on('close', finish).on('data', (chunk: Buffer) => {
      received += chunk.length;
      if (received > MAX_ANSWER_BYTES) response.destroy();
    });
  });
  sent.end(body);
  return promise;
}

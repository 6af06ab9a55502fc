import { lookup, Resolver as CAres } from 'node:dns/promises';
import { isLocalhost } from '../addresses.ts';
import { within } from '../bounded.ts';

/** One answer of a name. */
export interface ResolvedAddress { readonly address: string; readonly family: 4 | 6 }

/** Turns names into addresses for every egress gate of the process. */
export interface Resolver {
  /**
   * All addresses of a name, IPv4 first.
   * @param options.system ask the operating system as well (hosts file, search domains) when DNS has no
   *   answer; only for names that the operator allows
   * @throws when there is no answer, or none within five seconds
   */
  resolve(hostname: string, options?: { system?: boolean }): Promise<readonly ResolvedAddress[]>;
}

const LOOKUP_MS = 5_000;
/** Answers are kept for their TTL within these bounds: names of a page's CDNs are asked for again at once. */
const TTL_FLOOR_MS = 10_000;
const TTL_CEILING_MS = 300_000;
const FAILURE_TTL_MS = 5_000;
const MAX_NAMES = 5_000;

const LOOPBACK: readonly ResolvedAddress[] = [{ address: '127.0.0.1', family: 4 }, { address: '::1', family: 6 }];

interface Answer { readonly addresses: readonly ResolvedAddress[]; readonly ttlMs: number }
interface Cached { readonly addresses: Promise<readonly ResolvedAddress[]>; expires: number }

/**
 * A resolver on c-ares with a cache of its own. `dns.lookup` would run on libuv's four threads, where a few
 * names that fail slowly hold up file work and every other name of a page.
 * @param options.servers DNS servers as `address:port`; none means those of the machine
 */
export function createResolver(options: { servers?: readonly string[] } = {}): Resolver {
  const dns = new CAres({ timeout: 1_500, tries: 2 });
  if (options.servers !== undefined) dns.setServers(options.servers);
  const cache = new Map<string, Cached>();

  return {
    resolve(hostname, { system = false } = {}) {
      if (isLocalhost(hostname)) return Promise.resolve(LOOPBACK);
      const key = `${system ? 'system' : 'dns'} ${hostname}`;
      const known = cache.get(key);
      if (known !== undefined && known.expires > Date.now()) return known.addresses;

      const answer = within(system ? askBoth(dns, hostname) : askDns(dns, hostname), LOOKUP_MS, () => new Error('the DNS lookup took too long'));
      const entry: Cached = { addresses: answer.then(({ addresses }) => addresses), expires: Infinity };
      answer.then(
        ({ ttlMs }) => { entry.expires = Date.now() + ttlMs; },
        () => { entry.expires = Date.now() + FAILURE_TTL_MS; },
      );
      cache.delete(key);
      cache.set(key, entry);
      for (const oldest of cache.keys()) {
        if (cache.size <= MAX_NAMES) break;
        cache.delete(oldest);
      }
      return entry.addresses;
    },
  };
}

async function askDns(dns: CAres, hostname: string): Promise<Answer> {
  const [v4, v6] = await Promise.allSettled([
    dns.resolve4(hostname, { ttl: true }),
    dns.resolve6(hostname, { ttl: true }),
  ]);
  const records = [
    ...(v4.status === 'fulfilled' ? v4.value.map((record) => ({ ...record, family: 4 as const })) : []),
    ...(v6.status === 'fulfilled' ? v6.value.map((record) => ({ ...record, family: 6 as const })) : []),
  ];
  if (records.length === 0) throw v4.status === 'rejected' ? v4.reason : new Error(`${hostname} has no address`);
  const ttlMs = Math.min(...records.map(({ ttl }) => ttl)) * 1_000;
  const whole = [v4, v6].every((answer) => answer.status === 'fulfilled' || hasNone(answer.reason));
  return {
    addresses: records.map(({ address, family }) => ({ address, family })),
    ttlMs: whole ? Math.min(Math.max(ttlMs, TTL_FLOOR_MS), TTL_CEILING_MS) : FAILURE_TTL_MS, // the other family may only have been lost
  };
}

/** Whether the DNS said that there is no such record, rather than nothing at all. */
function hasNone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENODATA' || error.code === 'ENOTFOUND');
}

async function askBoth(dns: CAres, hostname: string): Promise<Answer> {
  try {
    return await askDns(dns, hostname);
  } catch {
    const found = await lookup(hostname, { all: true, order: 'ipv4first' });
    return {
      addresses: found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 })),
      ttlMs: TTL_FLOOR_MS,
    };
  }
}

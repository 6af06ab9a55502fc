import { BlockList, isIP } from 'node:net';
import os from 'node:os';
import ipaddr from 'ipaddr.js';
import { RenderError } from './errors.ts';

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** The only part of IPv6 that is handed out to the public internet (RFC 4291, IANA). */
const GLOBAL_IPV6 = ipaddr.parseCIDR('2000::/3');
/** Azure's host channel: inside public space, yet answered by the machine's own host. */
const AZURE_HOST = '168.63.129.16';

/** Interfaces come and go; asking the system for each connection would be wasteful. */
const OWN_MS = 5_000;
let own = { addresses: new BlockList(), until: 0 };

/** Whether it is an address of this machine: what is sent there goes by loopback, past every firewall. */
function isOwn(ip: string): boolean {
  if (own.until <= Date.now()) {
    own = { addresses: new BlockList(), until: Date.now() + OWN_MS };
    for (const { address, family } of Object.values(os.networkInterfaces()).flatMap((entries) => entries ?? [])) own.addresses.addAddress(address, family === 'IPv6' ? 'ipv6' : 'ipv4');
  }
  return own.addresses.check(ip, isIP(ip) === 6 ? 'ipv6' : 'ipv4');
}

/**
 * Whether an address belongs to the public internet, and to another machine than this. Everything that a network may use for itself does not:
 * private, loopback, link-local, carrier-grade NAT, multicast, documentation and reserved ranges, and the
 * IPv6 forms that carry an IPv4 address inside (mapped, compatible, NAT64, 6to4, Teredo). The addresses of this
 * machine's interfaces do not either: behind them are its own services.
 * @param ip an IPv4 or IPv6 address; anything else is not public
 */
export function isPublicAddress(ip: string): boolean {
  if (isIP(ip) === 0 || ip === AZURE_HOST) return false;
  const address = ipaddr.parse(ip);
  if (address.range() !== 'unicast' || isOwn(ip)) return false;
  return address.kind() === 'ipv4' || address.match(GLOBAL_IPV6);
}

/** A URL's hostname without the brackets of IPv6 and without a trailing dot, in lower case. */
export function bareHost(hostname: string): string {
  return hostname.toLowerCase().replace(/^\[|\]$/g, '').replace(/\.$/, '');
}

/** The port that a URL leads to. */
export function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port);
  return url.protocol === 'https:' || url.protocol === 'wss:' ? 443 : 80;
}

/** `localhost` and every name below it: they mean this machine, whatever a DNS server says (RFC 6761). */
export function isLocalhost(hostname: string): boolean {
  return hostname === 'localhost' || hostname.endsWith('.localhost');
}

interface HostEntry { readonly host: string; readonly port: number | undefined }
interface RangeEntry { readonly network: Address; readonly bits: number }

/** The addresses that an operator opens although they are private (`CRO_ALLOW_HOSTS`). */
export class AllowList {
  readonly #hosts: readonly HostEntry[];
  readonly #ranges: readonly RangeEntry[];

  private constructor(hosts: readonly HostEntry[], ranges: readonly RangeEntry[]) {
    this.#hosts = hosts;
    this.#ranges = ranges;
  }

  /**
   * @param entries each a host name, an IP address, either with a port, or a range such as `10.0.0.0/8`
   * @throws RenderError `bad_request` that names the first entry that is none of these
   */
  static parse(entries: readonly string[]): AllowList {
    const hosts: HostEntry[] = [];
    const ranges: RangeEntry[] = [];
    for (const entry of entries.map((text) => text.trim()).filter((text) => text !== '')) {
      if (entry.includes('/')) ranges.push(parseRange(entry));
      else hosts.push(parseHost(entry));
    }
    return new AllowList(hosts, ranges);
  }

  /**
   * Whether an entry opens this host.
   * @param hostname a name or an address, as in a URL
   * @param address what the name resolved to; entries that are addresses or ranges are compared with it
   */
  allows(hostname: string, port: number, address?: string): boolean {
    const host = bareHost(hostname);
    const ip = address ?? host;
    return this.#hosts.some((entry) => (entry.host === host || entry.host === ip) && (entry.port ?? port) === port)
      || (isIP(ip) !== 0 && this.#ranges.some((range) => contains(range, ipaddr.parse(ip))));
  }
}

function contains({ network, bits }: RangeEntry, address: Address): boolean {
  return network.kind() === address.kind() && address.match(network, bits);
}

function parseRange(entry: string): RangeEntry {
  const address = entry.slice(0, entry.indexOf('/'));
  if (isIP(address) === 0 || !ipaddr.isValidCIDR(entry)) throw badEntry(entry);
  const [network, bits] = ipaddr.parseCIDR(entry);
  return { network, bits };
}

function parseHost(entry: string): HostEntry {
  const authority = isIP(entry) === 6 ? `[${entry}]` : entry;
  if (!/^[^\s?#@\\*]+$/.test(authority) || !URL.canParse(`http://${authority}`)) throw badEntry(entry);
  const { hostname } = new URL(`http://${authority}`);
  const port = /:(\d+)$/.exec(authority.replace(/^\[.*\]/, ''))?.[1];
  return { host: bareHost(hostname), port: port === undefined ? undefined : Number(port) };
}

function badEntry(entry: string): RenderError {
  return new RenderError('bad_request', `"${entry}" is not a host, host:port, IP address or CIDR range.`);
}

/**
 * Reads an address that a caller wants opened and refuses what its literal form already rules out. A name
 * passes here: what it resolves to is checked by the egress gate when it is dialled.
 * @throws RenderError `bad_request` when it is not a URL, `forbidden_url` when it may not be opened
 */
export function checkUrl(input: string, allow: AllowList): URL {
  if (!URL.canParse(input)) {
    throw new RenderError('bad_request', 'url: must be a complete address such as https://example.com/.');
  }
  const url = new URL(input);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new RenderError('forbidden_url', 'Only http and https addresses are opened.');
  }
  if (url.username !== '' || url.password !== '') {
    throw new RenderError('forbidden_url', 'An address with a user name or password in it is not opened.');
  }
  if (url.hostname.endsWith('.')) {
    throw new RenderError('forbidden_url', 'A host name that ends in a dot is not opened.');
  }
  const host = bareHost(url.hostname);
  const local = isLocalhost(host) || (isIP(host) !== 0 && !isPublicAddress(host));
  if (local && !allow.allows(host, portOf(url))) {
    throw new RenderError('forbidden_url', 'This address is private, and only public addresses are opened.');
  }
  return url;
}

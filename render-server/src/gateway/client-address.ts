import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import type { AllowList } from '../addresses.ts';

/** The network that one IPv6 customer gets: limits count it as one client. */
const IPV6_PREFIX_BITS = 64;

/**
 * Whom a request comes from, as limits count it: an IPv4 address, or the /64 network of an IPv6 one. The peer itself,
 * unless it is one of our proxies: then the right-most entry of `X-Forwarded-For` that is not, for everything left of
 * that one could have been written by the client.
 * @param peer address at the other end of the connection
 * @param forwardedFor the header as it came; entries may carry a port
 * @param trusted our proxies
 */
export function clientAddress(peer: string, forwardedFor: string | undefined, trusted: AllowList): string {
  let address = withoutMapping(peer);
  const hops = (forwardedFor ?? '').split(',').map((hop) => hop.trim()).filter((hop) => hop !== '');
  while (trusted.allows(address, 0) && hops.length > 0) {
    const hop = addressOf(hops.pop() ?? '');
    if (hop === undefined) break; // not an address: the proxy that wrote it is the last one known
    address = hop;
  }
  return counted(address);
}

/** Whom a connection comes from before it has said anything; undefined for one of our proxies, behind which are many. */
export function peerAddress(peer: string, trusted: AllowList): string | undefined {
  const address = withoutMapping(peer);
  return trusted.allows(address, 0) ? undefined : counted(address);
}

function counted(address: string): string {
  return isIP(address) === 6 ? network(address) : address;
}

/** The address in an entry such as `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1` or `[2001:db8::1]:4711`. */
function addressOf(entry: string): string | undefined {
  const bare = /^\[([^\]]+)\](?::\d+)?$/.exec(entry)?.[1] ?? /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(entry)?.[1] ?? entry;
  return isIP(bare) === 0 ? undefined : withoutMapping(bare);
}

/** A socket that listens for both families shows IPv4 peers as `::ffff:192.0.2.1`; a link-local one has its interface. */
function withoutMapping(address: string): string {
  return isIP(address) === 6 ? ipaddr.process(address.replace(/%.*$/, '')).toString() : address;
}

function network(address: string): string {
  return `${ipaddr.IPv6.networkAddressFromCIDR(`${address}/${IPV6_PREFIX_BITS}`).toString()}/${IPV6_PREFIX_BITS}`;
}

import type { LookupFunction } from 'node:net';
import type { ResolvedAddress } from './dns.ts';

/**
 * How long one address of several may take before the next is tried. Node's own 250 ms are over before a far server
 * answers at all; this leaves room for one lost packet, which is sent again after a second.
 */
const ATTEMPT_MS = 2_500;

interface DialOptions {
  readonly lookup: LookupFunction;
  readonly autoSelectFamily: true;
  readonly autoSelectFamilyAttemptTimeout: number;
}

/**
 * How to dial a host whose addresses were checked, for `net.connect` and all that takes its options: only these are
 * dialled, one after the other, so that no second answer of the name can slip in between.
 */
export function pinned(addresses: readonly ResolvedAddress[]): DialOptions {
  return {
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: ATTEMPT_MS,
    lookup: (_hostname, options, callback) => {
      const [first] = addresses;
      if (options.all === true) callback(null, [...addresses]);
      else callback(null, first?.address ?? '', first?.family);
    },
  };
}

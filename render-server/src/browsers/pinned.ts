import type { LookupFunction } from 'node:net';
import type { ResolvedAddress } from './dns.ts';

/** A lookup that answers with what was checked, so that no second answer of the name can slip in between. */
export function pinned(addresses: readonly ResolvedAddress[]): LookupFunction {
  return (_hostname, options, callback) => {
    const [first] = addresses;
    if (options.all === true) callback(null, [...addresses]);
    else callback(null, first?.address ?? '', first?.family);
  };
}

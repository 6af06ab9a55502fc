import os from 'node:os';
import { vi } from 'vitest';
import { isPublicAddress } from '../../render-server/src/addresses.ts';

/** Makes the system say that this machine has these addresses too, as a server on the internet has a public one. Undone by `forgetAddresses`. */
export function haveAddresses(...addresses: readonly string[]): void {
  const real = os.networkInterfaces();
  vi.spyOn(os, 'networkInterfaces').mockReturnValue({
    ...real,
    public0: addresses.map((address) => address.includes(':')
      ? { address, family: 'IPv6', netmask: 'ffff:ffff:ffff:ffff::', mac: '02:00:00:00:00:01', internal: false, cidr: `${address}/64`, scopeid: 0 }
      : { address, family: 'IPv4', netmask: '255.255.255.0', mac: '02:00:00:00:00:01', internal: false, cidr: `${address}/24` }),
  });
  lookAgain();
}

/** The system says the truth again, and the server has heard it. */
export function forgetAddresses(): void {
  vi.restoreAllMocks();
  lookAgain();
}

let clock = 0;

/** Lets the server ask the system, as it does every some seconds; the clock is right again afterwards. */
function lookAgain(): void {
  clock = Math.max(clock, Date.now()) + 6_000;
  vi.useFakeTimers({ toFake: ['Date'], now: clock });
  isPublicAddress('8.8.8.8');
  vi.useRealTimers();
}

import { describe, expect, it } from 'vitest';
import { AllowList } from '../../render-server/src/addresses.ts';
import { clientAddress, peerAddress } from '../../render-server/src/gateway/client-address.ts';

const trusted = AllowList.parse(['10.0.0.0/8', '192.0.2.7', '2001:db8:ffff::/48']);

describe('the address of a client', () => {
  it.each([
    ['of a direct connection is its peer', '198.51.100.4', undefined, '198.51.100.4'],
    ['is the peer although it claims another, when no proxy of ours told it', '198.51.100.4', '203.0.113.9', '198.51.100.4'],
    ['is what our proxy says', '10.0.0.1', '203.0.113.9', '203.0.113.9'],
    ['is what the first of two proxies of ours says', '10.0.0.1', '203.0.113.9, 192.0.2.7', '203.0.113.9'],
    ['is not what the client itself wrote before our proxy', '10.0.0.1', '1.2.3.4, 203.0.113.9', '203.0.113.9'],
    ['is the proxy, when the proxy says nothing', '10.0.0.1', undefined, '10.0.0.1'],
    ['is the proxy, when what it says is no address', '10.0.0.1', '203.0.113.9, unknown', '10.0.0.1'],
    ['is the left-most of a chain of our own machines', '10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['comes without the port of a hop', '10.0.0.1', '203.0.113.9:4711', '203.0.113.9'],
    ['of IPv6 is its network', '10.0.0.1', '[2001:db8:1:2:3:4:5:6]:4711', '2001:db8:1:2::/64'],
    ['of IPv6 is its network, also without a proxy', '2001:db8:1:2:ffff::1', undefined, '2001:db8:1:2::/64'],
    ['is IPv4 where a socket of both families shows it as IPv6', '::ffff:198.51.100.4', undefined, '198.51.100.4'],
    ['knows a proxy of ours that is shown as IPv6', '::ffff:10.0.0.1', '203.0.113.9', '203.0.113.9'],
    ['is told by a proxy that has an IPv6 address', '2001:db8:ffff::1', '203.0.113.9', '203.0.113.9'],
    ['leaves out the interface of a link-local one', 'fe80::1%eth0', undefined, 'fe80::/64'],
    ['skips empty entries', '10.0.0.1', '203.0.113.9, ,', '203.0.113.9'],
  ])('%s', (_, peer, forwardedFor, address) => expect(clientAddress(peer, forwardedFor, trusted)).toBe(address));

  it('is the peer for everyone when no proxy is trusted', () => {
    expect(clientAddress('10.0.0.1', '203.0.113.9', AllowList.parse([]))).toBe('10.0.0.1');
  });
});

describe('whom a new connection counts for', () => {
  const proxies = AllowList.parse(['10.0.0.0/8']);

  it.each([
    ['::ffff:203.0.113.1', '203.0.113.1'],
    ['2001:db8:1:2:3::4', '2001:db8:1:2::/64'],
    ['::ffff:10.1.2.3', undefined],
  ])('%s: %s', (peer, counted) => expect(peerAddress(peer, proxies)).toBe(counted));
});

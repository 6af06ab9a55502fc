import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createResolver, type Resolver } from '../../render-server/src/browsers/dns.ts';
import { startDnsServer, type DnsServer } from '../support/dns-server.ts';

let dns: DnsServer;
let resolver: Resolver;

beforeEach(async () => {
  dns = await startDnsServer();
  resolver = createResolver({ servers: [dns.address] });
});

afterEach(async () => {
  vi.useRealTimers();
  await dns.close();
});

describe('the resolver', () => {
  it('never runs two lookups of one name at once, and keeps answers and failures', async () => {
    dns.names.set('many.test', ['93.184.216.34', '2606:4700::1111']);
    const all = await Promise.all(Array.from({ length: 20 }, () => resolver.resolve('many.test')));
    expect(all[0]).toEqual([{ address: '93.184.216.34', family: 4 }, { address: '2606:4700::1111', family: 6 }]);
    await Promise.all(Array.from({ length: 20 }, () => expect(resolver.resolve('none.test')).rejects.toThrow()));
    await expect(resolver.resolve('none.test')).rejects.toThrow();
    expect(dns.questions.toSorted()).toEqual(['A many.test', 'A none.test', 'AAAA many.test', 'AAAA none.test']);
  });

  it('forgets an answer after its TTL and a failure after some seconds', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    dns.ttl = 60;
    dns.names.set('moving.test', ['93.184.216.34']);
    await resolver.resolve('moving.test');
    await expect(resolver.resolve('late.test')).rejects.toThrow();
    dns.names.set('moving.test', ['93.184.216.35']);
    dns.names.set('late.test', ['93.184.216.36']);
    vi.setSystemTime(Date.now() + 30_000);
    expect(await resolver.resolve('moving.test')).toEqual([{ address: '93.184.216.34', family: 4 }]);
    expect(await resolver.resolve('late.test')).toEqual([{ address: '93.184.216.36', family: 4 }]);
    vi.setSystemTime(Date.now() + 31_000);
    expect(await resolver.resolve('moving.test')).toEqual([{ address: '93.184.216.35', family: 4 }]);
  });
});

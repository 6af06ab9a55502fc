import { afterEach, describe, expect, it, vi } from 'vitest';
import { AllowList, checkUrl, isPublicAddress } from '../render-server/src/addresses.ts';
import { forgetAddresses, haveAddresses } from './support/own-addresses.ts';
import { PRIVATE_ADDRESSES } from './security/private-addresses.ts';

const none = AllowList.parse([]);

describe('isPublicAddress', () => {
  it.each(['8.8.8.8', '1.1.1.1', '93.184.216.34', '2606:4700:4700::1111', '2001:4860:4860::8888'])(
    'counts %s as public', (ip) => { expect(isPublicAddress(ip)).toBe(true); });

  it.each([
    ...PRIVATE_ADDRESSES, '100.127.255.255', '127.255.255.254', '192.0.0.8', '239.255.255.255', '::127.0.0.1', '::ffff:0:127.0.0.1', '64:ff9b:1::1', '2001:2::1', '4000::1', '5f00::1', 'fe80::1%eth0',
  ])('counts %s as private', (ip) => { expect(isPublicAddress(ip)).toBe(false); });

  it.each(['', 'example.com', '0x7f.1', '2130706433', '127.1', '8.8.8.8:80'])(
    'never counts %j, which is no address, as public', (text) => { expect(isPublicAddress(text)).toBe(false); });
});

describe('an address of this machine', () => {
  afterEach(forgetAddresses);

  it('is not public, whatever range it is in, unless the operator opens it', () => {
    const [v4, v6] = ['93.184.216.34', '2606:2800:220:1:248:1893:25c8:1946'];
    expect([v4, v6].map(isPublicAddress)).toEqual([true, true]);
    haveAddresses(v4, v6);
    expect([v4, v6, '2606:2800:0220:0001:0248:1893:25C8:1946'].map(isPublicAddress)).toEqual([false, false, false]);
    expect(['93.184.216.35', '2606:2800:220:1::1'].map(isPublicAddress)).toEqual([true, true]);
    expect(() => checkUrl(`http://${v4}/`, none)).toThrow(expect.objectContaining({ code: 'forbidden_url' }));
    expect(checkUrl(`http://${v4}/`, AllowList.parse([v4])).hostname).toBe(v4);
  });

  it('is looked for again after some seconds', () => {
    haveAddresses('93.184.216.34');
    expect(isPublicAddress('93.184.216.34')).toBe(false);
    vi.restoreAllMocks();
    expect(isPublicAddress('93.184.216.34')).toBe(false);
    forgetAddresses();
    expect(isPublicAddress('93.184.216.34')).toBe(true);
  });
});

describe('checkUrl', () => {
  it.each(['https://example.com/a?b#c', 'http://8.8.8.8:8080/', 'https://[2606:4700::1111]/', 'https://bücher.example/'])(
    'passes %s', (input) => { expect(checkUrl(input, none).href).toBe(new URL(input).href); });

  it.each([
    'http://127.0.0.1/', 'http://127.1/', 'http://2130706433/', 'http://0177.0.0.1/', 'http://0x7f000001/',
    'http://0x7f.0.0.1/', 'http://127.0.0.1./', 'http://127。0。0。1/', 'http://⑯⑨.254.169.254/',
    'http://[::1]/', 'http://[::ffff:127.0.0.1]/', 'http://[::]/', 'http://0/', 'http://169.254.169.254/latest/',
    'http://localhost/', 'http://LOCALHOST:8080/', 'http://a.b.localhost/', 'http://localhost./',
    'http://example.com./', 'http://example.com。/', 'https://user@example.com/', 'https://user:secret@example.com/',
    'http://example.com@127.0.0.1/', 'file:///etc/passwd', 'ftp://example.com/',
    'data:text/html,x', 'chrome://version', 'view-source:http://example.com/', 'javascript:alert(1)',
    'ws://example.com/', 'blob:https://example.com/1',
  ])('refuses %s', (input) => {
    expect(() => checkUrl(input, none)).toThrow(expect.objectContaining({ code: 'forbidden_url' }));
  });

  it('takes a backslash as WHATWG does, so that nothing after it becomes the host', () => {
    expect(checkUrl('http://example.com\\@127.0.0.1/', none).hostname).toBe('example.com');
  });

  it.each(['', 'example.com', 'http://', 'https://exa mple.com/', 'http://[::1/', 'http://a:99999/'])(
    'answers %j with bad_request that names the field', (input) => {
      expect(() => checkUrl(input, none)).toThrow(
        expect.objectContaining({ code: 'bad_request', message: expect.stringContaining('url') }));
    });

  it('never repeats the address in its message', () => {
    expect(() => checkUrl('https://user:secret@example.com/', none)).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('secret') }));
  });

  it('passes private addresses that the operator allows, on their port alone', () => {
    const allow = AllowList.parse(['127.0.0.1:8080', 'localhost', '10.0.0.0/8']);
    expect(checkUrl('http://127.0.0.1:8080/', allow).port).toBe('8080');
    expect(checkUrl('http://localhost:3000/', allow).hostname).toBe('localhost');
    expect(checkUrl('http://10.1.2.3/', allow).hostname).toBe('10.1.2.3');
    expect(() => checkUrl('http://127.0.0.1:8081/', allow)).toThrow(expect.objectContaining({ code: 'forbidden_url' }));
    expect(() => checkUrl('http://11.0.0.1:80/', allow)).not.toThrow();
  });
});

describe('AllowList', () => {
  it('matches names, names with a port, addresses and ranges', () => {
    const allow = AllowList.parse(['Staging.Example', 'shop.example:8443', '192.168.1.7', '[::1]:80', 'fd00::/8', ' ']);
    expect(allow.allows('staging.example', 1)).toBe(true);
    expect(allow.allows('staging.example.', 1)).toBe(true);
    expect(allow.allows('a.staging.example', 1)).toBe(false);
    expect(allow.allows('shop.example', 8443)).toBe(true);
    expect(allow.allows('shop.example', 443)).toBe(false);
    expect(allow.allows('any.example', 80, '192.168.1.7')).toBe(true);
    expect(allow.allows('any.example', 80, '192.168.1.8')).toBe(false);
    expect(allow.allows('[::1]', 80)).toBe(true);
    expect(allow.allows('::1', 81)).toBe(false);
    expect(allow.allows('any.example', 80, 'fd12::1')).toBe(true);
  });

  it('does not open IPv4 addresses that hide in IPv6', () => {
    expect(AllowList.parse(['127.0.0.0/8']).allows('::ffff:127.0.0.1', 80)).toBe(false);
  });

  it.each(['10.0.0.0/33', '10.0.0/8', 'example.com/24', 'http://example.com', 'a b', 'user@host', '*.example.com',
    'host:99999', 'host:port', '/8', 'host?x', '[::1'])('refuses the entry %j and names it', (entry) => {
    expect(() => AllowList.parse(['ok.example', entry])).toThrow(
      expect.objectContaining({ code: 'bad_request', message: expect.stringContaining(entry) }));
  });
});

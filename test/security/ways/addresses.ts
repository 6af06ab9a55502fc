import { PRIVATE_ADDRESSES, PRIVATE_HOSTS } from '../private-addresses.ts';
import { js, type Way, type Ways } from './way.ts';

const HOSTS = Object.values(PRIVATE_HOSTS).flat();
/** Chromium lets only a few WebSockets connect at a time. */
const FIRST_HOSTS = Object.values(PRIVATE_HOSTS).flatMap((hosts) => hosts.slice(0, 2));
const PUBLIC = ['93.184.216.34', '2606:4700::1111'] as const;

/** Private addresses as they may be written, one each. */
const spelled = (prefix: string, html: string, hosts = HOSTS): Ways => Object.fromEntries(hosts.map((host, index): [string, Way] => [`${prefix}-${index}`, { html, host, inline: html.startsWith('<img') }]));

export const IMAGES: Ways = spelled('image', '<img src="{url}">');
export const TUNNELS: Ways = spelled('tunnel', js(`new WebSocket('{ws}')`), FIRST_HOSTS);
export const REDIRECTED: Ways = spelled('behind', '<img src="{redirect}">');

/** A name for each answer that a DNS server may give to lead inside. */
const named = (prefix: string, list: readonly (readonly string[])[]): Ways =>
  Object.fromEntries(list.map((answers, index): [string, Way] => [`${prefix}-${index}`, { html: '<img src="{url}">', answers, inline: true }]));
const each = (answers: (address: string) => readonly string[]): (readonly string[])[] => PRIVATE_ADDRESSES.map(answers);

export const DNS_ANSWERS: Ways = {
  ...named('dns', each((address) => [address])),
  ...named('dns-public-first', each((address) => [...PUBLIC, address])),
  ...named('dns-private-first', each((address) => [address, ...PUBLIC])),
  ...named('dns-alias', [['loopback.zone.test'], ['metadata.zone.test'], ['twice.zone.test'], ['localhost'], ['loopback.zone.test', '93.184.216.34'], ['mixed.zone.test']]),
  ...named('dns-many', [
    [...Array.from({ length: 60 }, (_, index) => `93.184.216.${index + 1}`), '127.0.0.1'],
    ['10.0.0.1', ...Array.from({ length: 60 }, (_, index) => `93.184.216.${index + 1}`)],
    Array.from({ length: 60 }, (_, index) => `127.0.0.${index + 1}`),
    [...Array.from({ length: 30 }, (_, index) => `2606:4700::${index + 1}`), '::1'],
  ]),
};

/** What the aliases of `DNS_ANSWERS` stand for. */
export const ALIASED: Readonly<Record<string, readonly string[]>> = {
  'loopback.zone.test': ['127.0.0.1'], 'metadata.zone.test': ['169.254.169.254'], 'twice.zone.test': ['loopback.zone.test'],
  'localhost': ['127.0.0.1', '::1'], 'mixed.zone.test': [...PUBLIC, 'loopback.zone.test'],
};

import type http from 'node:http';
import net, { isIP } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { RequestError, Server } from 'proxy-chain';
import { type AllowList, bareHost, isPublicAddress, portOf } from '../addresses.ts';
import type { ResolvedAddress, Resolver } from './dns.ts';
import { forward, MAX_HEAD_BYTES } from './forward.ts';
import { EGRESS_LIMITS, type EgressFailure, type EgressLimit } from './page-source.ts';
import { pinned } from './pinned.ts';

/**
 * Chromium flags that leave no way out but a context's own gate: loopback is proxied too, nothing goes over
 * UDP, names are never resolved by Chromium, and what belongs to no context meets a dead proxy.
 */
export const EGRESS_FLAGS: readonly string[] = [
  '--proxy-server=http://127.0.0.1:9',
  '--proxy-bypass-list=<-loopback>',
  '--disable-quic',
  '--force-webrtc-ip-handling-policy=disable_non_proxied_udp',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
];

const CONNECT_MS = 10_000;
const CLOSE_MS = 2_000;
/** A page can ask for any number of made-up hosts; the job's own are among the first. */
const MAX_FAILURES = 1_000;

/** A job's way out of the browser: a proxy on loopback that dials only what it has checked. */
export interface EgressGate {
  /** For a browser context: `proxy: { server: proxyUrl, bypass: '<-loopback>' }`. */
  readonly proxyUrl: string;
  /** Why the host and port of this address were last refused or not reached; undefined if they were not. */
  failureFor(url: URL): EgressFailure | undefined;
  /** As PageSource.usedUp. */
  usedUp(): EgressLimit | undefined;
  /** Destroys every connection. Safe to call twice; ends within two seconds. */
  close(): Promise<void>;
}

/** What a gate is opened with. */
export interface GateOptions {
  /** The address that the job is about: the allow-list holds only for jobs whose own target is on it. */
  readonly target: URL;
  readonly allow: AllowList;
  readonly resolver: Resolver;
  /** `EGRESS_LIMITS` when not given. */
  readonly limits?: Readonly<Record<EgressLimit, number>>;
}

/** Opens the gate of one job. */
export async function openGate(options: GateOptions): Promise<EgressGate> {
  const gate = new Gate(options, await trustOf(options));
  await gate.listen();
  return {
    proxyUrl: `http://127.0.0.1:${gate.port}`,
    failureFor: (url) => gate.failures.get(failureKey(bareHost(url.hostname), portOf(url))),
    usedUp: () => gate.usedUp,
    close: () => gate.shut(),
  };
}

/**
 * How far a job may use the allow-list: not at all unless its own target is on it. `name`: the operator listed the
 * target as it is written. `address`: only what its name resolves to is listed, so whoever owns the name could point
 * it elsewhere during the job; then it must keep resolving inside the list.
 */
type Trust = 'none' | 'name' | 'address';

async function trustOf({ target, allow, resolver }: GateOptions): Promise<Trust> {
  const host = bareHost(target.hostname);
  const port = portOf(target);
  if (allow.allows(host, port)) return 'name';
  if (isIP(host) !== 0) return 'none';
  const addresses = await resolver.resolve(host).catch(() => []);
  return addresses.length > 0 && addresses.every(({ address }) => allow.allows(host, port, address)) ? 'address' : 'none';
}

function failureKey(host: string, port: number): string {
  return `${host}:${port}`;
}

class Gate extends Server {
  readonly failures = new Map<string, EgressFailure>();
  usedUp: EgressLimit | undefined;
  readonly #allow: AllowList;
  readonly #resolver: Resolver;
  readonly #trust: Trust;
  readonly #target: string;
  readonly #limits: Readonly<Record<EgressLimit, number>>;
  readonly #used: Record<EgressLimit, number> = { bytes: 0, sent: 0, requests: 0 };
  /** How much of what a socket of the browser has said is in `#used`. */
  readonly #counted = new WeakMap<net.Socket, number>();
  readonly #sockets = new Set<net.Socket>();
  #shut: Promise<void> | undefined;

  constructor({ target, allow, resolver, limits = EGRESS_LIMITS }: GateOptions, trust: Trust) {
    super({ host: '127.0.0.1', port: 0 });
    this.#allow = allow;
    this.#resolver = resolver;
    this.#trust = trust;
    this.#target = bareHost(target.hostname);
    this.#limits = limits;
    Object.assign(this.server, { maxHeaderSize: MAX_HEAD_BYTES }); // an option of http.createServer, which proxy-chain calls without any
  }

  /** proxy-chain's own forwarding takes heads of 16 kB only, takes what is not strictly http, and leaves some requests without an answer. */
  override async onRequest(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    try {
      const { host, port } = askedFor(request.url ?? '');
      this.#countSent(request.socket, host, port);
      const addresses = await this.#admit(host, port);
      request.on('data', () => this.#countSent(request.socket, host, port));
      await forward(request, response, () => this.#dial(host, port, addresses)).catch(() => {
        throw response.destroyed || this.usedUp !== undefined ? notReachable() : this.#refused(host, port, 'connect');
      });
    } catch (error) {
      this.failRequest(request, error instanceof Error ? error : notReachable());
    }
  }

  /**
   * proxy-chain's own tunnel only half-closes its far end and tells nobody that a dial failed: a server that
   * never hangs up would keep its socket after the job.
   */
  override async onConnect(request: http.IncomingMessage, source: net.Socket, head: Buffer): Promise<void> {
    try {
      const { host, port } = askedFor(`http://${request.url}`);
      const target = this.#dial(host, port, await this.#admit(host, port));
      let open = false;
      target.once('connect', () => {
        open = true;
        source.write('HTTP/1.1 200 Connection Established\r\n\r\n');
        source.on('data', () => this.#countSent(source, host, port)).unshift(head);
        source.pipe(target).pipe(source);
      });
      target.once('close', () => {
        if (open) source.resume().end();
        else this.failRequest(request, notReachable());
      });
      source.once('close', () => target.destroy());
      if (source.destroyed) target.destroy();
    } catch (error) {
      this.failRequest(request, error instanceof Error ? error : notReachable());
    }
  }

  /** The checked addresses of a host. @throws RequestError when it may not be reached */
  async #admit(host: string, port: number): Promise<readonly ResolvedAddress[]> {
    this.#use('requests', 1);
    if (this.usedUp !== undefined) throw this.#refused(host, port, 'too_large');
    const family = isIP(host);
    if (family !== 0) {
      if (!this.#permits(host, port, host)) throw this.#refused(host, port, 'forbidden');
      return [{ address: host, family: family === 6 ? 6 : 4 }];
    }
    const system = this.#trust !== 'none' && this.#allow.allows(host, port);
    const addresses = await this.#resolver.resolve(host, { system }).catch(() => { throw this.#refused(host, port, 'dns'); });
    const permitted = this.#trust === 'address' && host === this.#target
      ? ({ address }: ResolvedAddress): boolean => this.#allow.allows(host, port, address)
      : ({ address }: ResolvedAddress): boolean => this.#permits(host, port, address);
    if (!addresses.every(permitted)) throw this.#refused(host, port, 'dns');
    return addresses;
  }

  #permits(host: string, port: number, address: string): boolean {
    return isPublicAddress(address) || (this.#trust !== 'none' && this.#allow.allows(host, port, address));
  }

  /** Counts what was used. Returns whether that is still within the limit. */
  #use(limit: EgressLimit, amount: number): boolean {
    this.#used[limit] += amount;
    if (this.#used[limit] <= this.#limits[limit]) return true;
    this.usedUp ??= limit;
    return false;
  }

  #countBytes(limit: 'bytes' | 'sent', amount: number, host: string, port: number): void {
    if (this.#use(limit, amount)) return;
    this.#record(host, port, 'too_large');
    this.#destroySockets();
  }

  /** Counts all that a socket of the browser has said since it was last counted: heads as well as bodies. */
  #countSent(source: net.Socket, host: string, port: number): void {
    const before = this.#counted.get(source) ?? 0;
    this.#counted.set(source, source.bytesRead);
    this.#countBytes('sent', source.bytesRead - before, host, port);
  }

  #refused(host: string, port: number, failure: EgressFailure): RequestError {
    this.#record(host, port, failure);
    return notReachable();
  }

  #record(host: string, port: number, failure: EgressFailure): void {
    const key = failureKey(host, port);
    if (this.#shut === undefined && (this.failures.size < MAX_FAILURES || this.failures.has(key))) this.failures.set(key, failure);
  }

  #dial(host: string, port: number, addresses: readonly ResolvedAddress[]): net.Socket {
    const socket = net.connect({ host, port, ...pinned(addresses) });
    this.#sockets.add(socket);
    const failed = (): void => { if (socket.bytesRead === 0) this.#record(host, port, 'connect'); };
    socket.setTimeout(CONNECT_MS, () => socket.destroy(new Error('the connection took too long')));
    socket.once('connect', () => socket.setTimeout(0));
    socket.on('error', failed).on('end', failed);
    socket.on('data', (chunk: Buffer) => this.#countBytes('bytes', chunk.length, host, port));
    socket.on('close', () => this.#sockets.delete(socket));
    if (this.#shut !== undefined) socket.destroy();
    return socket;
  }

  #destroySockets(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  shut(): Promise<void> {
    this.#shut ??= Promise.race([this.close(true), sleep(CLOSE_MS, undefined, { ref: false })]);
    this.#destroySockets();
    return this.#shut;
  }
}

/** One opaque answer for everything: the page learns nothing of what is behind an address. */
function notReachable(): RequestError {
  return new RequestError('Not reachable', 502);
}

/**
 * Host and port as WHATWG reads them: `CONNECT` hands over the bare text, in which `0x7f.1` is still a name. User info
 * is refused: node:http would decode it, and may throw where nobody catches it.
 * @throws RequestError when it is no http address
 */
function askedFor(address: string): { host: string; port: number } {
  const url = URL.parse(address);
  if (url === null || url.protocol !== 'http:' || url.username !== '' || url.password !== '') throw notReachable();
  return { host: bareHost(url.hostname), port: portOf(url) };
}

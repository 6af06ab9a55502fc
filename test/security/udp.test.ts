import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { AllowList } from '../../render-server/src/addresses.ts';
import { createResolver } from '../../render-server/src/browsers/dns.ts';
import { Lease } from '../../render-server/src/browsers/lease.ts';
import type { BrowserPool } from '../../render-server/src/browsers/pool.ts';
import { CHROMIUM } from '../support/chromium.ts';
import { startPool } from '../support/pool.ts';
import { startSite, type Site } from '../support/site.ts';

/** What does not go over http: WebRTC, which speaks UDP and TCP by itself, and WebTransport over QUIC. */
let site: Site;
let pool: BrowserPool;
let plain: Browser;
const open: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  site = await startSite({ '/': '<h1>A page</h1>' });
  pool = await startPool();
  plain = await chromium.launch({ executablePath: CHROMIUM, chromiumSandbox: false, args: ['--disable-features=WebRtcHideLocalIpsWithMdns'] });
});
afterAll(() => Promise.all([pool.close(), plain.close(), site.close()]));
afterEach(async () => {
  for (const thing of open.splice(0)) await thing.close();
});

/** One port for UDP and TCP that counts what comes: packets and connections. */
async function startListener(): Promise<{ port: number; arrived(): number }> {
  let arrived = 0;
  const tcp = createServer((socket) => {
    arrived += 1;
    socket.on('error', () => undefined).destroy();
  }).listen(0, '127.0.0.1');
  await once(tcp, 'listening');
  const { port } = tcp.address() as AddressInfo;
  const udp = createSocket('udp4').on('message', () => { arrived += 1; }).bind(port, '127.0.0.1');
  await once(udp, 'listening');
  open.push({ close: () => new Promise((resolve) => udp.close(() => tcp.close(() => resolve()))) });
  return { port, arrived: () => arrived };
}

/** Gathers candidates with such a server, or tells a peer that the other end is there; runs in the browser. */
async function connect({ server, candidate, port }: { server?: string; candidate?: string; port: number }): Promise<void> {
  const peer = new RTCPeerConnection(server === undefined ? {} : { iceServers: [{ urls: server.replace('PORT', String(port)), username: 'x', credential: 'y' }] });
  const other = new RTCPeerConnection();
  const gathered = new Promise((resolve) => peer.addEventListener('icegatheringstatechange', () => { if (peer.iceGatheringState === 'complete') resolve(null); }));
  peer.createDataChannel('x');
  await peer.setLocalDescription(await peer.createOffer());
  if (peer.localDescription) await other.setRemoteDescription(peer.localDescription);
  const answer = await other.createAnswer();
  await peer.setRemoteDescription(answer);
  if (candidate !== undefined) await peer.addIceCandidate({ candidate: candidate.replace('PORT', String(port)), sdpMid: '0', sdpMLineIndex: 0 });
  await Promise.race([...(candidate === undefined ? [gathered] : []), new Promise((resolve) => setTimeout(resolve, 3_000))]);
}

async function transport({ port }: { port: number }): Promise<void> {
  const session = new WebTransport(`https://127.0.0.1:${port}/`);
  await Promise.race([session.ready, session.closed, new Promise((resolve) => setTimeout(resolve, 3_000))]).catch(() => undefined);
}

const WAYS: Record<string, (page: Page, port: number) => Promise<void>> = {
  'a STUN server': (page, port) => page.evaluate(connect, { server: 'stun:127.0.0.1:PORT', port }),
  'a STUN server by name': (page, port) => page.evaluate(connect, { server: 'stun:localhost:PORT', port }),
  'a TURN server over UDP': (page, port) => page.evaluate(connect, { server: 'turn:127.0.0.1:PORT?transport=udp', port }),
  'a TURN server over TCP': (page, port) => page.evaluate(connect, { server: 'turn:127.0.0.1:PORT?transport=tcp', port }),
  'a TURN server over TLS': (page, port) => page.evaluate(connect, { server: 'turns:127.0.0.1:PORT?transport=tcp', port }),
  'a peer over UDP': (page, port) => page.evaluate(connect, { candidate: 'candidate:1 1 udp 2122260223 127.0.0.1 PORT typ host', port }),
  'a peer over TCP': (page, port) => page.evaluate(connect, { candidate: 'candidate:1 1 tcp 1518280447 127.0.0.1 PORT typ host tcptype passive', port }),
  'WebTransport': (page, port) => page.evaluate(transport, { port }),
};

describe('a page that speaks something else than http', () => {
  it.each(Object.keys(WAYS))('gets nowhere by %s, and arrives without the gate', async (name) => {
    const way = WAYS[name] ?? (() => Promise.reject(new Error('no such way')));
    const [reached, guarded] = [await startListener(), await startListener()];
    const unguarded = async (): Promise<void> => {
      const page = await plain.newPage();
      await page.goto(site.origin);
      await way(page, reached.port);
      await expect.poll(reached.arrived, { timeout: 5_000 }).toBeGreaterThan(0);
      await page.close();
    };
    const behindGate = async (): Promise<void> => {
      const signal = AbortSignal.timeout(30_000);
      const lease = await Lease.open(await pool.acquire(signal), new URL(site.origin), { allow: AllowList.parse([new URL(site.origin).host]), resolver: createResolver() }, signal);
      try {
        await lease.withPage({}, signal, async (page) => {
          await page.goto(site.origin);
          await way(page, guarded.port);
        });
      } finally {
        await lease.release();
      }
    };
    await Promise.all([unguarded(), behindGate()]);
    expect(guarded.arrived()).toBe(0);
  });
});

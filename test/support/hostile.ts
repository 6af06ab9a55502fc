import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { RenderClient } from '@cro-analyzer/protocol/client';
import { SUBPROTOCOLS } from '@cro-analyzer/protocol/messages';
import { expect } from 'vitest';
import { privateMemory } from '../../render-server/src/browsers/processes.ts';
import type { Health, Pressure } from '../../render-server/src/telemetry/health.ts';
import type { Fuzz } from './fuzz.ts';
import { RawSocket } from './raw-socket.ts';
import type { ServerProcess } from './server-process.ts';

/** A well-behaved client that has one page analysed after the other for as long as others misbehave. */
export class Bystander {
  readonly #client: RenderClient;
  readonly #working: Promise<void>;
  #stopping = false;
  /** Pages analysed so far. */
  served = 0;

  constructor(url: string, token: string, page: string) {
    this.#client = new RenderClient({ url, token, client: 'bystander', sleep: (ms, signal) => delay(ms, undefined, { signal }) });
    this.#working = this.#work(page);
    this.#working.catch(() => {}); // told by stop
  }

  /** Waits for the page in hand. Rejects when any of them was not analysed. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#working;
    await this.#client.close();
  }

  async #work(url: string): Promise<void> {
    while (!this.#stopping) {
      const { findings } = await this.#client.submit({ url, devices: ['mobile'], analyst: 'rules', screenshots: false }).result;
      expect(findings.length).toBeGreaterThan(0);
      this.served += 1;
    }
  }
}

/** The server's process lives and says that it is well, and what others did has left nothing in the queue. */
export async function expectWell({ url, child }: ServerProcess): Promise<void> {
  expect(await (await fetch(`${url}/healthz`)).json()).toMatchObject({ ok: true });
  expect(await (await fetch(`${url}/readyz`)).json() as Health).toMatchObject({ ready: true, reasons: [] });
  const { queue } = await (await fetch(`${url}/pressure`)).json() as Pressure;
  expect(queue.length).toBeLessThanOrEqual(1); // the bystander's
  expect([child.exitCode, child.signalCode]).toEqual([null, null]);
}

/** Close codes of docs/protocol.md and RFC 6455 for clients that do not keep to the protocol; 1006 is a connection that was cut. */
const CLOSED_FOR = { stranger: [1006, 1007, 4401], breach: [1006, 1007] };

/** Frames that one session sends. */
const PER_SESSION = 50;

/**
 * Sends fuzzed frames in sessions of both codecs, every third before any hello. Every frame that cannot be read must get
 * `rejected`, unless the connection was closed for a reason.
 */
export async function sendFuzzed(url: string, fuzz: Fuzz, frames: number, token: string): Promise<void> {
  for (let session = 0; session < frames / PER_SESSION; session += 1) {
    const subprotocol = SUBPROTOCOLS[session % 2]!;
    const stranger = session % 3 === 0;
    const socket = await (stranger ? RawSocket.open(url, subprotocol) : RawSocket.hello(url, subprotocol, token));
    const closed = once(socket.socket, 'close');
    const sent = Array.from({ length: PER_SESSION }, () => fuzz.frame(subprotocol));
    for (const { data, binary } of sent) socket.socket.send(data, { binary });
    socket.send({ type: 'the last', ref: 'the last' });
    const answered = await socket.until(() => socket.of('rejected').some(({ ref }) => ref === 'the last')).then(() => true, () => false);
    const breach = sent.some(({ breaks }) => breaks);
    if (!answered) {
      const [code] = await closed;
      expect(stranger ? CLOSED_FOR.stranger : breach ? CLOSED_FOR.breach : []).toContain(code);
    } else {
      expect(socket.of('rejected').length - 1).toBeGreaterThanOrEqual(sent.filter(({ readable }) => !readable).length);
      expect(socket.of('rejected').filter(({ error }) => error.code === 'internal')).toEqual([]);
    }
    socket.close();
  }
}

/** Memory of the server's own process, in MB. */
export function memoryOf({ child }: ServerProcess): number {
  return Math.round(privateMemory([child.pid!]) / 2 ** 20);
}

/** What it logged as warnings and errors, besides that Chromium runs without its sandbox. */
export function complaintsOf({ log }: ServerProcess): string[] {
  return log.filter((line) => !/"level":[1-3]0,/.test(line) && !line.includes('sandbox'));
}

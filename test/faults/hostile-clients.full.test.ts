import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Fuzz } from '../support/fuzz.ts';
import { HOSTILE, Scene, sendFuzzed } from '../support/hostile.ts';
import { answerOf, ended, openTcp, openUpgraded, OPCODES, upgradeRequest, wireFrame } from '../support/raw-connection.ts';
import { RawSocket } from '../support/raw-socket.ts';

/** How far the memory of a process that does the same all the time goes up and down, in MB. */
const NOISE_MB = 40;

let scene: Scene;
beforeAll(async () => { scene = await Scene.start(); });
afterAll(() => scene.close());

describe('a well-behaved client is served', () => {
  it('beside 100,000 bent frames of every kind, and the server does not grow', async () => {
    const bystander = scene.bystander();
    const figures: number[] = [];
    for (let part = 0; part < 5; part += 1) {
      await sendFuzzed(scene.url, new Fuzz(100 + part, { token: HOSTILE, job: scene.jobs[0]! }), 20_000);
      await scene.expectWell();
      figures.push(scene.memory);
    }
    const served = bystander.served;
    await bystander.stop();
    console.log(`the server's memory after each 20,000 of 100,000 frames, in MB: ${figures.join(', ')}; ${served} pages analysed meanwhile`);
    expect(served).toBeGreaterThan(5);
    expect(figures.at(-1)! - figures[0]!).toBeLessThan(NOISE_MB);
  });

  it('beside 2,000 connections that ask for the socket and say nothing: as many as may be are kept, for ten seconds', async () => {
    const bystander = scene.bystander();
    await expect.poll(() => bystander.served, { timeout: 60_000 }).toBeGreaterThan(0); // it has its session
    const before = scene.memory;
    const kept = [];
    let turnedAway = 0;
    for (let n = 0; n < 2_000; n += 1) {
      const socket = await openTcp(scene.url);
      socket.write(upgradeRequest(scene.url));
      if ((await answerOf(socket)).startsWith('HTTP/1.1 101')) kept.push(socket);
      else turnedAway += 1;
    }
    expect(kept.length).toBeGreaterThan(100);
    expect(kept.length + turnedAway).toBe(2_000);
    await scene.expectWell();
    console.log(`2,000 silent connections: ${kept.length} kept, ${turnedAway} turned away; the server's memory went from ${before} to ${scene.memory} MB`);
    await Promise.all(kept.map(ended));
    (await RawSocket.hello(scene.url, 'cro.v1.json', HOSTILE)).close();
    await bystander.stop();
    await scene.expectWell();
  });

  it('beside 400 that stop within the headers, and 400 that say hello a byte a second', async () => {
    const bystander = scene.bystander();
    const halves = await Promise.all(Array.from({ length: 400 }, async () => {
      const socket = await openTcp(scene.url);
      socket.write(upgradeRequest(scene.url).slice(0, -10));
      return socket;
    }));
    const slow = await Promise.all(Array.from({ length: 400 }, async () => openUpgraded(scene.url)));
    const hello = wireFrame(OPCODES.text, Buffer.from(JSON.stringify({ type: 'hello', client: 'slow', token: HOSTILE })));
    let sent = 0;
    const dripping = setInterval(() => { // a byte a second
      for (const socket of slow) socket.write(hello.subarray(sent, sent + 1));
      sent += 1;
    }, 1_000);
    await scene.expectWell();
    await Promise.all([...halves, ...slow].map(ended));
    clearInterval(dripping);
    await bystander.stop();
    expect(bystander.served).toBeGreaterThan(2);
    await scene.expectWell();
  });
});

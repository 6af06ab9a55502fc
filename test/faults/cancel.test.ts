import type { Stage } from '@cro-analyzer/protocol/messages';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startFakeClaude, type FakeClaude } from '../support/fake-claude.ts';
import { RawSocket } from '../support/raw-socket.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { startSite, testSites, type Site } from '../support/site.ts';

let site: Site;
let claude: FakeClaude;
let server: TestServer;
let socket: RawSocket;

beforeAll(async () => {
  site = await startSite({ ...testSites(), '/never': () => {} });
  claude = await startFakeClaude({ delayMs: 20_000 });
  server = await startServer({ CRO_PAGES_PER_BROWSER: '1', CRO_LOST_CLIENT_MS: '1500', ANTHROPIC_API_KEY: 'test-key', ANTHROPIC_BASE_URL: claude.baseURL });
  socket = await RawSocket.hello(server.url);
});

afterAll(async () => {
  await server.close();
  await site.close();
  await claude.close();
});

let refs = 0;

async function submit(from: RawSocket, path: string, options: object = {}): Promise<string> {
  const ref = `ref-${refs += 1}`;
  from.send({ type: 'submit', ref, idempotencyKey: `order ${ref}`, request: { url: site.origin + path }, ...options });
  return (await from.next('accepted', (frame) => frame.ref === ref)).job;
}

const stageOf = async (job: string): Promise<Stage> => (await server.app.jobs.get('local', job)).stage;

const nothingHeld = async (): Promise<void> => {
  await expect.poll(() => server.app.pool.slots.busy, { timeout: 20_000 }).toBe(0);
  await expect.poll(() => server.app.jobs.counts, { timeout: 20_000 }).toEqual({ queued: 0, running: 0 });
};

describe('a cancelled job frees what it holds', () => {
  it.each<Stage>(['visiting', 'capturing', 'analysing'])('while it is %s', async (stage) => {
    const job = await submit(socket, '/product');
    await socket.next('progress', (frame) => frame.job === job && frame.stage === stage);
    socket.send({ type: 'cancel', job });
    await socket.next('cancelled', (frame) => frame.job === job);
    await nothingHeld();
  });

  it('while its page does not answer', async () => {
    const before = site.hits.length;
    const job = await submit(socket, '/never');
    await expect.poll(() => site.hits.length, { timeout: 20_000 }).toBeGreaterThan(before);
    socket.send({ type: 'cancel', job });
    await socket.next('cancelled', (frame) => frame.job === job);
    await nothingHeld();
  });

  it('while it is queued, and those behind it move up', async () => {
    const first = await submit(socket, '/never');
    const second = await submit(socket, '/never');
    const third = await submit(socket, '/product');
    socket.send({ type: 'cancel', job: second });
    await socket.next('cancelled', (frame) => frame.job === second);
    socket.send({ type: 'cancel', job: first });
    await socket.next('progress', (frame) => frame.job === third && frame.stage === 'capturing');
    socket.send({ type: 'cancel', job: third });
    await socket.next('cancelled', (frame) => frame.job === third);
    await nothingHeld();
  });
});

describe('a client that leaves while its jobs are queued or starting', () => {
  it('has them cancelled at once where it asked so', async () => {
    const leaver = await RawSocket.hello(server.url);
    const jobs = [await submit(leaver, '/never', { onLost: 'cancel' }), await submit(leaver, '/never', { onLost: 'cancel' })];
    await leaver.next('progress', (frame) => frame.stage === 'visiting');
    leaver.close();
    await nothingHeld(); // asked before anyone else follows them
    for (const job of jobs) {
      socket.send({ type: 'watch', job });
      await socket.next('cancelled', (frame) => frame.job === job);
    }
  });

  it('has them cancelled when the time is over for which they are kept', async () => {
    const leaver = await RawSocket.hello(server.url);
    const witness = await submit(leaver, '/never', { onLost: 'cancel' });
    await leaver.next('progress', (frame) => frame.stage === 'visiting');
    const job = await submit(leaver, '/never', { onLost: 'keep' });
    leaver.close();
    await expect.poll(() => stageOf(witness)).toBe('cancelled'); // so the server knows that its client has left
    expect(['queued', 'visiting']).toContain(await stageOf(job));
    await nothingHeld(); // asked before anyone else follows it
    expect(await stageOf(job)).toBe('cancelled');
  });

  it('has them finished where it asked so', async () => {
    const leaver = await RawSocket.hello(server.url);
    leaver.send({ type: 'submit', ref: 'last', idempotencyKey: 'finish without me', request: { url: `${site.origin}/lead`, analyst: 'rules' }, onLost: 'finish' });
    const { job } = await leaver.next('accepted');
    leaver.close();
    await expect.poll(() => stageOf(job), { timeout: 20_000 }).toBe('done'); // asking follows nothing
    await nothingHeld();
  });
});

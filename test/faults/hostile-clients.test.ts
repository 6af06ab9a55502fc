import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Fuzz } from '../support/fuzz.ts';
import { Bystander, complaintsOf, expectWell, memoryOf, sendFuzzed } from '../support/hostile.ts';
import { RawSocket } from '../support/raw-socket.ts';
import { spawnServer, type ServerProcess } from '../support/server-process.ts';
import { startSite, unusedOrigin, type Site } from '../support/site.ts';
import { PRODUCT } from '../support/sites/product.ts';

const HOSTILE = 'key-of-a-hostile-client';
const GOOD = 'key-of-a-good-client';
const FRAMES = 10_000;

let site: Site;
let server: ServerProcess;
let dataDir: string;
/** A job of the hostile client that has ended. */
let job: string;

beforeAll(async () => {
  site = await startSite({ '/page': PRODUCT });
  dataDir = await mkdtemp(join(tmpdir(), 'cro-test-'));
  server = await spawnServer({ CRO_DATA_DIR: dataDir, CRO_API_KEYS: `${HOSTILE},${GOOD}`, CRO_LOG_LEVEL: 'info' });
  const socket = await RawSocket.hello(server.url, 'cro.v1.json', HOSTILE);
  socket.send({ type: 'submit', ref: '1', idempotencyKey: 'the first job', request: { url: await unusedOrigin() } });
  ({ job } = await socket.next('failed'));
  socket.close();
});
afterAll(async () => {
  expect(await server.end('SIGTERM')).toEqual([0, null]);
  await rm(dataDir, { recursive: true, force: true });
  await site.close();
});
afterEach(async () => {
  await expectWell(server);
  expect(complaintsOf(server)).toEqual([]);
});

describe('a well-behaved client is served', () => {
  let bystander: Bystander;
  const begin = (): void => { bystander = new Bystander(server.url, GOOD, `${site.origin}/page`); };

  it(`beside ${FRAMES} frames of every kind that are bent, and each that cannot be read is refused`, async () => {
    begin();
    const fuzz = new Fuzz(1, { token: HOSTILE, job });
    const before = memoryOf(server);
    await sendFuzzed(server.url, fuzz, FRAMES, HOSTILE);
    await bystander.stop();
    expect(bystander.served).toBeGreaterThan(1);
    console.log(`${FRAMES} frames: the server's memory went from ${before} to ${memoryOf(server)} MB; ${bystander.served} pages analysed meanwhile`);
  });
});

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClientFrame } from '@cro-analyzer/protocol/messages';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AllowList } from '../../render-server/src/addresses.ts';
import { FileBlobs } from '../../render-server/src/blobs/blobs.ts';
import { Admission } from '../../render-server/src/gateway/admission.ts';
import { Auth } from '../../render-server/src/gateway/auth.ts';
import { createRoutes } from '../../render-server/src/gateway/routes.ts';
import { ArtifactStore } from '../../render-server/src/store/artifacts.ts';
import { openDatabase } from '../../render-server/src/store/database.ts';
import { WebhookStore } from '../../render-server/src/store/webhooks.ts';
import { RawSocket } from '../support/raw-socket.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { startSite, testSites, type Site } from '../support/site.ts';

const MINE = 'the-key-of-the-owner-of-it-all';
const THEIRS = 'the-key-of-somebody-else';
const NO_JOB = 'job_000000000000000000000000';
const NO_BATCH = 'bat_000000000000000000000000';
const WEBHOOK = { url: 'https://hooks.invalid/', secret: 'a-secret-of-24-characters' };

let server: TestServer;
let site: Site;
/** All that the first key owns. */
const own = { done: '', open: '', batch: '', artifact: '' };

beforeAll(async () => {
  site = await startSite({ ...testSites(), '/hang': () => {} });
  server = await startServer({ CRO_API_KEYS: `${MINE},${THEIRS}` });
  const done = await post('/v1/analyses', MINE, { url: `${site.origin}/lead`, devices: ['mobile'], webhook: WEBHOOK }, { prefer: 'wait=60' });
  const { id, result } = await done.json() as { id: string; result: { artifacts: { id: string }[] } };
  own.done = id;
  own.artifact = result.artifacts[0]?.id ?? '';
  const hanging = { url: `${site.origin}/hang`, deadlineMs: 600_000, webhook: WEBHOOK };
  own.open = (await (await post('/v1/analyses', MINE, hanging)).json() as { id: string }).id;
  own.batch = (await (await post('/v1/batches', MINE, { requests: [hanging], webhook: WEBHOOK })).json() as { id: string }).id;
});

afterAll(async () => {
  await server.close();
  await site.close();
});

const call = (method: string, path: string, key: string): Promise<Response> => fetch(server.url + path, { method, headers: { authorization: `Bearer ${key}` } });
const post = (path: string, key: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(server.url + path, { method: 'POST', body: JSON.stringify(body), headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers } });

/** What belongs to another key is answered word for word as what does not exist, and its owner does get it. */
async function foreignIsUnknown(method: string, path: (id: string) => string, id: string, unknown: string): Promise<void> {
  const [theirs, nothing] = [await call(method, path(id), THEIRS), await call(method, path(unknown), THEIRS)];
  expect([theirs.status, nothing.status]).toEqual([404, 404]);
  expect((await theirs.text()).replaceAll(id, 'ID')).toBe((await nothing.text()).replaceAll(unknown, 'ID'));
}

async function ownerGets(path: string): Promise<void> {
  const mine = await call('GET', path, MINE);
  expect(mine.status).toBe(200);
  await mine.body?.cancel();
}

/** Two keys that use one idempotency key do not meet. */
async function twoOfThem(path: string, body: object): Promise<void> {
  const ids = await Promise.all([MINE, THEIRS].map(async (key) => (await (await post(path, key, body, { 'idempotency-key': 'the-same-for-both' })).json() as { id: string }).id));
  expect(ids[0]).toMatch(/^(job|bat)_/);
  expect(ids[0]).not.toBe(ids[1]);
}

const NAMES_NOTHING = async (): Promise<void> => {};
const nowhere = { url: 'http://no-such-host.invalid/' };

const ROUTES: Record<string, () => Promise<void>> = {
  'GET /healthz': NAMES_NOTHING,
  'GET /readyz': NAMES_NOTHING,
  'GET /pressure': NAMES_NOTHING,
  'GET /v1/session': NAMES_NOTHING,
  'POST /v1/analyses': () => twoOfThem('/v1/analyses', nowhere),
  'GET /v1/analyses': async () => {
    const theirs = await (await call('GET', '/v1/analyses?limit=200', THEIRS)).text();
    const mine = await (await call('GET', '/v1/analyses?limit=200', MINE)).text();
    for (const id of [own.done, own.open, own.batch]) expect([theirs.includes(id), mine.includes(id)]).toEqual([false, true]);
  },
  'GET /v1/analyses/:id': async () => {
    for (const id of [own.done, own.open]) await foreignIsUnknown('GET', (job) => `/v1/analyses/${job}`, id, NO_JOB);
    await ownerGets(`/v1/analyses/${own.done}`);
  },
  'DELETE /v1/analyses/:id': async () => {
    await foreignIsUnknown('DELETE', (job) => `/v1/analyses/${job}`, own.open, NO_JOB);
    expect(await (await call('GET', `/v1/analyses/${own.open}`, MINE)).json()).toMatchObject({ endedAt: null });
  },
  'GET /v1/analyses/:id/events': async () => {
    for (const id of [own.done, own.open]) await foreignIsUnknown('GET', (job) => `/v1/analyses/${job}/events`, id, NO_JOB);
    await ownerGets(`/v1/analyses/${own.done}/events`);
  },
  'GET /v1/analyses/:id/webhook': async () => {
    for (const id of [own.done, own.open]) await foreignIsUnknown('GET', (job) => `/v1/analyses/${job}/webhook`, id, NO_JOB);
    await ownerGets(`/v1/analyses/${own.done}/webhook`);
  },
  'POST /v1/batches': () => twoOfThem('/v1/batches', { requests: [nowhere] }),
  'GET /v1/batches/:id': async () => {
    await foreignIsUnknown('GET', (batch) => `/v1/batches/${batch}`, own.batch, NO_BATCH);
    await ownerGets(`/v1/batches/${own.batch}`);
  },
  'DELETE /v1/batches/:id': async () => {
    await foreignIsUnknown('DELETE', (batch) => `/v1/batches/${batch}`, own.batch, NO_BATCH);
    expect(await (await call('GET', `/v1/batches/${own.batch}`, MINE)).json()).toMatchObject({ endedAt: null, counts: { open: 1 } });
  },
  'GET /v1/batches/:id/webhook': async () => {
    await foreignIsUnknown('GET', (batch) => `/v1/batches/${batch}/webhook`, own.batch, NO_BATCH);
    await ownerGets(`/v1/batches/${own.batch}/webhook`);
  },
  'GET /v1/artifacts/:id': async () => {
    await foreignIsUnknown('GET', (artifact) => `/v1/artifacts/${artifact}`, own.artifact, 'art_000000000000000000000000');
    await ownerGets(`/v1/artifacts/${own.artifact}`);
  },
};

/** Sends a frame about something of the other key, and the same about nothing: both get the same words. */
async function foreignFrameIsUnknown(type: 'watch' | 'cancel', name: 'job' | 'batch', id: string, unknown: string): Promise<void> {
  const socket = await RawSocket.hello(server.url, 'cro.v1.json', THEIRS);
  const errors = [];
  for (const target of [id, unknown]) {
    socket.send({ type, [name]: target });
    const { error } = await socket.next('rejected', (frame) => frame[name] === target);
    errors.push({ ...error, message: error.message.replaceAll(target, 'ID') });
  }
  expect(errors[0]).toEqual(errors[1]);
  expect(errors[0]?.code).toBe('not_found');
  expect(socket.frames.map((frame) => frame.type)).toEqual(['welcome', 'rejected', 'rejected']);
  socket.close();
}

const FRAMES: Record<string, () => Promise<void>> = {
  hello: NAMES_NOTHING,
  ping: NAMES_NOTHING,
  submit: async () => {
    const ids: string[] = [];
    for (const key of [MINE, THEIRS]) {
      const socket = await RawSocket.hello(server.url, 'cro.v1.json', key);
      socket.send({ type: 'submit', ref: 'r1', idempotencyKey: 'the-same-over-the-socket', request: nowhere });
      const { job, deduplicated } = await socket.next('accepted');
      expect(deduplicated).toBe(false);
      ids.push(job);
      socket.close();
    }
    expect(new Set(ids).size).toBe(2);
  },
  watch: async () => {
    for (const id of [own.done, own.open]) await foreignFrameIsUnknown('watch', 'job', id, NO_JOB);
    await foreignFrameIsUnknown('watch', 'batch', own.batch, NO_BATCH);
  },
  cancel: async () => {
    for (const id of [own.done, own.open]) await foreignFrameIsUnknown('cancel', 'job', id, NO_JOB);
    await foreignFrameIsUnknown('cancel', 'batch', own.batch, NO_BATCH);
    expect(await (await call('GET', `/v1/analyses/${own.open}`, MINE)).json()).toMatchObject({ endedAt: null });
    expect(await (await call('GET', `/v1/batches/${own.batch}`, MINE)).json()).toMatchObject({ endedAt: null });
  },
  subscribe: async () => {
    const theirs = await RawSocket.hello(server.url, 'cro.v1.json', THEIRS);
    theirs.send({ type: 'subscribe', afterEvent: 0 });
    await theirs.next('subscribed');
    const endOne = async (key: string): Promise<string> => {
      const { id } = await (await post('/v1/batches', key, { requests: [nowhere] })).json() as { id: string };
      await call('DELETE', `/v1/batches/${id}`, key);
      return id;
    };
    const mine = await endOne(MINE);
    const last = await endOne(THEIRS);
    await theirs.next('batch_ended', ({ batch }) => batch === last);
    const mineToo = await (await call('GET', '/v1/analyses?limit=200', MINE)).text();
    expect(mineToo).toContain(mine);
    for (const { job, batch } of theirs.of('ended')) {
      expect(mineToo).not.toContain(job);
      expect(batch).not.toBe(mine);
    }
    expect(theirs.of('batch_ended').map(({ batch }) => batch)).not.toContain(mine);
    theirs.close();
  },
};

describe('what one key owns does not exist for another', () => {
  it('on any route: each has its case here', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cro-test-'));
    const database = await openDatabase(folder);
    const routes = createRoutes({
      jobs: server.app.jobs, auth: new Auth([]), webhooks: new WebhookStore(database),
      artifacts: new ArtifactStore(database, await FileBlobs.open(join(folder, 'blobs'))),
      admission: new Admission({ pages: AllowList.parse([]), webhooks: AllowList.parse([]), hasClaude: false }),
      health: () => { throw new Error('not asked here'); }, pressure: () => { throw new Error('not asked here'); },
      analysts: [], version: '', logger: pino({ level: 'silent' }),
    }).routes;
    await database.destroy();
    await rm(folder, { recursive: true });
    const served = new Set(routes.filter(({ method, path }) => method !== 'ALL' || path !== '/*').map(({ method, path }) => `${method} ${path}`));
    expect([...served].toSorted()).toEqual(Object.keys(ROUTES).toSorted());
  });

  it('in any frame: each has its case here', () => {
    expect(ClientFrame.options.map(({ shape }) => shape.type.value).toSorted()).toEqual(Object.keys(FRAMES).toSorted());
  });

  it.each(Object.entries(ROUTES))('%s', (_, check) => check());
  it.each(Object.entries(FRAMES))('the frame %s', (_, check) => check());
});

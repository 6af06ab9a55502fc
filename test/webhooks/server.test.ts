import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startServer, type TestServer } from '../support/server.ts';
import { startSite, testSites, type Site } from '../support/site.ts';
import { SECRET, startReceiver, type Received, type Receiver } from '../support/webhooks.ts';

const KEYS = ['first-key-0123456789', 'other-key-0123456789'] as const;
const ENV = { CRO_API_KEYS: KEYS.join(), CRO_ALLOW_HOSTS: '127.0.0.1', CRO_WEBHOOK_ALLOW_HOSTS: '127.0.0.1' };

let site: Site;
let server: TestServer;
let receiver: Receiver;

beforeEach(async () => {
  site = await startSite(testSites());
  server = await startServer(ENV);
});

afterEach(async () => {
  await server.close();
  await receiver.close();
  await site.close();
});

async function call(path: string, body?: unknown, key: string = KEYS[0]): Promise<Response> {
  return fetch(`${server.url}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

const analysis = (path: string): object => ({ url: `${site.origin}${path}`, devices: ['mobile'], screenshots: false });

const isSigned = ({ headers, body }: Received): boolean =>
  headers['webhook-signature'] === `v1,${createHmac('sha256', SECRET).update(`${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`).digest('base64')}`;

describe('a server', () => {
  it('tells the webhook of a job how it ended, and its owner alone how the message fared', async () => {
    receiver = await startReceiver();
    const submitted = await call('/v1/analyses', { ...analysis('/lead'), webhook: { url: receiver.url, secret: SECRET } });
    expect(submitted.status).toBe(202);
    const { id } = (await submitted.json()) as { id: string };
    const [message] = await receiver.atLeast(1);
    if (!message) throw new Error('no message');
    expect(isSigned(message)).toBe(true);
    expect(JSON.parse(message.body)).toMatchObject({ type: 'analysis.ended', data: { id, batch: null, url: `${site.origin}/lead`, state: 'done', attempts: 1, result: { page: { status: 200 } } } });
    await expect.poll(async () => (await call(`/v1/analyses/${id}/webhook`)).json()).toMatchObject({ url: receiver.url, state: 'delivered', nextAt: null, attempts: [{ status: 204 }] });
    expect((await call(`/v1/analyses/${id}/webhook`, undefined, KEYS[1])).status).toBe(404);
    expect(JSON.stringify(await (await call(`/v1/analyses/${id}`)).json())).not.toContain(SECRET);
  });

  it('tells the webhook of a batch once, when all its jobs have ended', async () => {
    receiver = await startReceiver();
    const submitted = await call('/v1/batches', { requests: [analysis('/lead'), analysis('/not-there')], webhook: { url: receiver.url, secret: SECRET } });
    expect(submitted.status).toBe(202);
    const { id } = (await submitted.json()) as { id: string };
    const [message] = await receiver.atLeast(1);
    if (!message) throw new Error('no message');
    expect(isSigned(message)).toBe(true);
    expect(JSON.parse(message.body)).toMatchObject({
      type: 'batch.ended',
      data: {
        id, counts: { jobs: 2, open: 0, done: 1, failed: 1, cancelled: 0 },
        jobs: [{ state: 'done', url: `${site.origin}/lead`, findings: expect.any(Number) }, { state: 'failed', error: { code: 'page_error' } }],
      },
    });
    await expect.poll(async () => (await call(`/v1/batches/${id}/webhook`)).json()).toMatchObject({ state: 'delivered' });
    expect(receiver.received).toHaveLength(1);
  });

  it('that is started again delivers what was on its way', async () => {
    receiver = await startReceiver([() => {}]);
    await call('/v1/analyses', { ...analysis('/lead'), webhook: { url: receiver.url, secret: SECRET } });
    await receiver.atLeast(1);
    await server.close({ keepData: true });
    server = await startServer({ ...ENV, CRO_DATA_DIR: server.dataDir });
    const [first, second] = await receiver.atLeast(2);
    expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
    expect(second?.body).toBe(first?.body);
  });

  it('opens a private host for webhooks only where CRO_WEBHOOK_ALLOW_HOSTS says so', async () => {
    receiver = await startReceiver();
    await server.close();
    server = await startServer({ ...ENV, CRO_WEBHOOK_ALLOW_HOSTS: '' });
    const webhook = { url: receiver.url, secret: SECRET };
    for (const [path, body] of [['/v1/analyses', { ...analysis('/lead'), webhook }], ['/v1/batches', { requests: [analysis('/lead')], webhook }]] as const) {
      const response = await call(path, body);
      expect(response.status).toBe(403);
      expect(await response.json()).toMatchObject({ code: 'forbidden_url' });
    }
    expect(receiver.received).toEqual([]);
  });
});

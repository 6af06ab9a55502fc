import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer, type TestServer } from '../support/server.ts';
import { startSite, testSites, unusedOrigin, type Site } from '../support/site.ts';

const KEY = 'first-key-of-this-server';
const OTHER_KEY = 'second-key-of-this-server';

let server: TestServer;
let site: Site;
let nobody: string;
beforeAll(async () => {
  nobody = await unusedOrigin();
  site = await startSite({ ...testSites(), '/hang': () => {} });
  server = await startServer({ CRO_API_KEYS: `${KEY},${OTHER_KEY}` });
});
afterAll(async () => {
  await server.close();
  await site.close();
});

function call(path: string, init: RequestInit & { key?: string } = {}): Promise<Response> {
  const { key = KEY, ...rest } = init;
  return fetch(server.url + path, { ...rest, headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...rest.headers } });
}

const post = (body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  call('/v1/analyses', { method: 'POST', body: JSON.stringify(body), headers });

describe('analyses over HTTP', () => {
  it('come back in the answer itself when the caller waits, with artifacts that the same key can fetch', async () => {
    const response = await post({ url: `${site.origin}/product`, devices: ['mobile'] }, { prefer: 'wait=60' });
    expect(response.status).toBe(200);
    const { result } = await response.json() as { result: { findings: unknown[]; artifacts: { kind: string; href: string; contentType: string }[] } };
    expect(result.artifacts.map(({ kind }) => kind)).toContain('report');
    for (const { href, contentType } of result.artifacts) {
      const mine = await call(href);
      expect(mine.headers.get('content-type')).toBe(contentType);
      expect((await mine.arrayBuffer()).byteLength).toBeGreaterThan(1_000);
      expect((await call(href, { key: OTHER_KEY })).status).toBe(404);
    }
  });

  it('are accepted with 202 and a Location that leads to the end', async () => {
    const response = await post({ url: `${nobody}/` });
    expect(response.status).toBe(202);
    const location = response.headers.get('location') ?? '';
    const { id } = await response.json() as { id: string };
    expect(location).toBe(`/v1/analyses/${id}`);
    await expect.poll(async () => (await call(location)).json(), { timeout: 20_000 })
      .toMatchObject({ id, stage: 'failed', error: { code: 'page_unreachable', reason: 'connect' } });
  });

  it('are the same job for the same idempotency key', async () => {
    const headers = { 'idempotency-key': 'the-same-order' };
    const ids = await Promise.all([1, 2, 3].map(async () => {
      const response = await post({ url: `${nobody}/` }, headers);
      return (await response.json() as { id: string }).id;
    }));
    expect(new Set(ids).size).toBe(1);
  });

  it('are cancelled with DELETE, and listed for their own key alone', async () => {
    const created = await post({ url: `${site.origin}/hang` });
    const { id } = await created.json() as { id: string };
    expect((await call(`/v1/analyses/${id}`, { method: 'DELETE', key: OTHER_KEY })).status).toBe(404);
    const cancelled = await call(`/v1/analyses/${id}`, { method: 'DELETE' });
    expect(await cancelled.json()).toMatchObject({ id, stage: 'cancelled' });
    const mine = await (await call('/v1/analyses')).json() as { analyses: { id: string }[] };
    expect(mine.analyses[0]).toMatchObject({ id, stage: 'cancelled' });
    expect(await (await call('/v1/analyses', { key: OTHER_KEY })).json()).toEqual({ analyses: [] });
  });
});

describe('errors over HTTP', () => {
  it.each([
    ['a body that is not JSON', () => call('/v1/analyses', { method: 'POST', body: '{' }), 400, 'bad_request'],
    ['a body without url', () => post({}), 400, 'bad_request'],
    ['a private address', () => post({ url: 'http://10.0.0.1/' }), 403, 'forbidden_url'],
    ['a scheme that is not the web', () => post({ url: 'file:///etc/passwd' }), 403, 'forbidden_url'],
    ['Claude where there is no key', () => post({ url: 'https://example.com', analyst: 'claude' }), 503, 'analyst_unavailable'],
    ['a body that is too large', () => post({ url: 'https://example.com', context: 'x'.repeat(100_000) }), 413, 'too_large'],
    ['no key', () => fetch(`${server.url}/v1/session`), 401, 'unauthorized'],
    ['a path that is not there', () => call('/v2/analyses'), 404, 'not_found'],
    ['a job that is not there', () => call('/v1/analyses/job_000000000000000000000000'), 404, 'not_found'],
    ['an id of the wrong form', () => call('/v1/analyses/7'), 400, 'bad_request'],
  ])('answer %s with a problem that has its code', async (_, send, status, code) => {
    const response = await send();
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(await response.json()).toMatchObject({ code, status, detail: expect.any(String), advice: expect.any(String) });
  });
});

describe('a method that a path does not take', () => {
  it.each([
    ['PUT', '/v1/analyses', 'POST, GET, HEAD'],
    ['POST', '/v1/analyses/job_000000000000000000000000', 'GET, HEAD, DELETE'],
    ['DELETE', '/readyz', 'GET, HEAD'],
  ])('%s %s is answered with 405 and those that it takes', async (method, path, allow) => {
    const response = await call(path, { method });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe(allow);
    expect(await response.json()).toMatchObject({ code: 'bad_request', reason: 'method', status: 405 });
  });
});

describe('the events of a job as a stream', () => {
  /** The frames of a stream, until it ends. */
  async function framesOf(response: Response): Promise<{ type: string; job: string; seq: number }[]> {
    const lines = (await response.text()).split('\n').filter((line) => line.startsWith('data: '));
    return lines.map((line) => JSON.parse(line.slice('data: '.length)) as { type: string; job: string; seq: number });
  }

  it('are the frames of the socket, in order, and the stream ends with the job', async () => {
    const { id } = await (await post({ url: `${site.origin}/lead`, devices: ['mobile'] })).json() as { id: string };
    const response = await call(`/v1/analyses/${id}/events`);
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    const frames = await framesOf(response);
    expect(frames[0]?.type).toBe('snapshot');
    expect(frames.map(({ type }) => type)).toContain('progress');
    expect(frames.at(-1)?.type).toBe('result');
    expect(frames.every(({ job }) => job === id)).toBe(true);
    expect(frames.map(({ seq }) => seq)).toEqual(frames.map((_, index) => index + 1));
    const again = await framesOf(await call(`/v1/analyses/${id}/events`));
    expect(again.map(({ type }) => type)).toEqual(['result']);
  });

  it('go on without a client that leaves, and the job with them', async () => {
    const { id } = await (await post({ url: `${site.origin}/hang` })).json() as { id: string };
    const gone = new AbortController();
    const response = await call(`/v1/analyses/${id}/events`, { signal: gone.signal });
    const reader = response.body!.getReader();
    expect((await reader.read()).done).toBe(false);
    gone.abort();
    await expect(reader.read()).rejects.toThrow();
    await expect.poll(() => server.app.jobs.events.followed(id)).toBe(false);
    expect((await (await call(`/v1/analyses/${id}`)).json() as { endedAt: string | null }).endedAt).toBeNull();
    await call(`/v1/analyses/${id}`, { method: 'DELETE' });
  });

  it('are not followed for a HEAD, whose answer has no body', async () => {
    const { id } = await (await post({ url: `${site.origin}/hang` })).json() as { id: string };
    const response = await call(`/v1/analyses/${id}/events`, { method: 'HEAD' });
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
    expect(server.app.jobs.events.followed(id)).toBe(false);
    await call(`/v1/analyses/${id}`, { method: 'DELETE' });
  });

  it('of a job that is not there are a problem, not a stream', async () => {
    const response = await call('/v1/analyses/job_000000000000000000000000/events');
    expect(response.status).toBe(404);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
  });
});

describe('the log of a webhook', () => {
  it('tells where it goes and how it stands, never its secret; a job without one has none', async () => {
    const secret = 'a-secret-of-24-characters';
    const { id } = await (await post({ url: `${site.origin}/hang`, webhook: { url: 'https://example.invalid/done', secret } })).json() as { id: string };
    const log = await (await call(`/v1/analyses/${id}/webhook`)).text();
    expect(JSON.parse(log)).toEqual({ url: 'https://example.invalid/done', state: 'waiting', nextAt: null, attempts: [] });
    expect(log).not.toContain(secret);
    expect(await (await call(`/v1/analyses/${id}`)).text()).not.toContain(secret);
    await call(`/v1/analyses/${id}`, { method: 'DELETE' });
    const without = await (await post({ url: `${nobody}/` })).json() as { id: string };
    expect(await (await call(`/v1/analyses/${without.id}/webhook`)).json()).toMatchObject({ code: 'not_found', reason: 'webhook' });
  });
});

describe('probes', () => {
  it('say that the server lives and what it is ready for, without a key', async () => {
    expect(await (await fetch(`${server.url}/healthz`)).json()).toMatchObject({ ok: true });
    const ready = await fetch(`${server.url}/readyz`);
    expect(ready.status).toBe(200);
    expect(await ready.json()).toMatchObject({ ready: true, reasons: [], slots: { total: 2, ready: 2 } });
  });

  it('tell a scheduler how loaded the server is, without a key', async () => {
    expect(await (await fetch(`${server.url}/pressure`)).json()).toEqual({
      accepting: true,
      slots: { total: 2, ready: 2, busy: expect.any(Number) },
      queue: { length: expect.any(Number), max: 1000, oldestMs: expect.any(Number) },
      running: expect.any(Number),
      waitMs: expect.any(Number),
      memory: { usedBytes: expect.any(Number), limitBytes: expect.any(Number), level: 'ok' },
      evidence: { bytes: expect.any(Number), maxBytes: expect.any(Number) },
      claude: null,
      drift: expect.any(Number),
      credit: 100,
    });
  });

  it('tell a client which server it has found', async () => {
    expect(await (await call('/v1/session')).json()).toEqual({ server: 'cro-analyzer', version: expect.any(String), analysts: ['rules'] });
  });
});

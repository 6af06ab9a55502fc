import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer, type TestServer } from '../support/server.ts';
import { startSite, unusedOrigin, type Site } from '../support/site.ts';

let server: TestServer;
let site: Site;
let nobody: string;
beforeAll(async () => {
  nobody = await unusedOrigin();
  site = await startSite({ '/hang': () => {} });
  server = await startServer({ CRO_QUEUE_MAX: '20' });
});
afterAll(async () => {
  await server.close();
  await site.close();
});

const post = (body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${server.url}/v1/batches`, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } });
const pages = (...urls: string[]): object => ({ requests: urls.map((url) => ({ url })) });

interface BatchView { id: string; jobs: string[]; counts: { jobs: number; open: number; failed: number; cancelled: number }; endedAt: string | null; analyses: { id: string; batch: string; stage: string; error?: { code: string } }[] }
const read = async (path: string): Promise<BatchView> => await (await fetch(server.url + path)).json() as BatchView;

describe('a batch', () => {
  it('is accepted with 202 and a Location that counts its jobs, and lists them with their errors at the end', async () => {
    const response = await post(pages(`${nobody}/a`, `${nobody}/b`));
    expect(response.status).toBe(202);
    const { id, jobs } = await response.json() as BatchView;
    expect(response.headers.get('location')).toBe(`/v1/batches/${id}`);
    await expect.poll(() => read(`/v1/batches/${id}`), { timeout: 20_000 }).toMatchObject({ counts: { jobs: 2, open: 0, failed: 2 }, endedAt: expect.any(String) });
    const { analyses } = await read(`/v1/batches/${id}`);
    expect(analyses.map((job) => job.id)).toEqual(jobs);
    for (const job of analyses) expect(job).toMatchObject({ batch: id, stage: 'failed', error: { code: 'page_unreachable' } });
  });

  it('is the same batch for the same idempotency key, and refused for other requests under it', async () => {
    const headers = { 'idempotency-key': 'the-same-batch' };
    const ids = await Promise.all([1, 2, 3].map(async () => (await (await post(pages(`${nobody}/`), headers)).json() as BatchView).id));
    expect(new Set(ids).size).toBe(1);
    expect(await (await post(pages(`${nobody}/other`), headers)).json()).toMatchObject({ code: 'bad_request', reason: 'idempotencyKey' });
  });

  it('is cancelled with DELETE, with all its jobs', async () => {
    const { id } = await (await post(pages(`${site.origin}/hang`, `${site.origin}/hang`, `${site.origin}/hang`))).json() as BatchView;
    const cancelled = await fetch(`${server.url}/v1/batches/${id}`, { method: 'DELETE' });
    expect(await cancelled.json()).toMatchObject({ id, counts: { jobs: 3, open: 0, cancelled: 3 }, endedAt: expect.any(String) });
    await expect.poll(() => server.app.jobs.counts).toEqual({ queued: 0, running: 0 });
  });

  it.each([
    ['a page that is private', pages('https://example.com', 'https://example.com', 'http://10.0.0.1/'), 403, 'forbidden_url', 'requests[2].url: '],
    ['an address that is none', pages('https://example.com', 'nonsense'), 400, 'bad_request', 'requests[1].url: '],
    ['a field that is not known', { requests: [{ url: 'https://example.com', colour: 'red' }] }, 400, 'bad_request', 'requests[0].colour: '],
    ['a private webhook', { requests: [{ url: 'https://example.com', webhook: { url: 'http://10.0.0.1/', secret: 'x'.repeat(24) } }] }, 403, 'forbidden_url', 'requests[0].webhook.url: '],
    ['a private webhook of its own', { requests: [{ url: 'https://example.com' }], webhook: { url: 'http://10.0.0.1/', secret: 'x'.repeat(24) } }, 403, 'forbidden_url', 'webhook.url: '],
    ['Claude where there is no key', { requests: [{ url: 'https://example.com', analyst: 'claude' }] }, 503, 'analyst_unavailable', 'requests[0]: '],
    ['no page', { requests: [] }, 400, 'bad_request', 'requests: '],
    ['more pages than one may have', pages(...Array<string>(1_001).fill('https://example.com')), 400, 'bad_request', 'requests: '],
    ['more than the queue takes', pages(...Array<string>(21).fill(`https://example.com`)), 413, 'too_large', ''],
    ['more bytes than a body may have', { requests: [{ url: 'https://example.com', context: 'x'.repeat(1_100_000) }] }, 413, 'too_large', ''],
  ])('with %s is refused as a whole, and the place is named', async (_, body, status, code, place) => {
    const before = (await server.app.jobs.list('local', 200)).length;
    const response = await post(body);
    expect(response.status).toBe(status);
    const problem = await response.json() as { code: string; detail: string };
    expect(problem.code).toBe(code);
    expect(problem.detail.startsWith(place)).toBe(true);
    expect((await server.app.jobs.list('local', 200)).length).toBe(before);
  });
});

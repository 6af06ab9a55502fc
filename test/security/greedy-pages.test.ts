import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { EGRESS_LIMITS } from '../../render-server/src/browsers/page-source.ts';
import { page, useCapturing } from '../support/capturing.ts';

const { serve, captureUrl } = useCapturing();

/** Sends until the other end hangs up. */
async function sendWithoutEnd(response: ServerResponse, onBytes: (bytes: number) => void): Promise<void> {
  const chunk = Buffer.alloc(256 * 1024);
  const gone = once(response, 'close');
  while (!response.destroyed) {
    onBytes(chunk.length);
    if (!response.write(chunk)) await Promise.race([once(response, 'drain'), gone]);
  }
}

describe('a page that wants too much', () => {
  it('is cut off from a download without end, and measured as it stands', async () => {
    let sent = 0;
    let ended = Promise.resolve();
    const site = await serve({
      '/': page('<h1>Hello</h1><script>fetch("/endless").then(async (response) => { for await (const chunk of response.body); })</script>'),
      '/endless': (_request, response) => { ended = sendWithoutEnd(response.writeHead(200, { 'content-type': 'application/octet-stream' }), (bytes) => { sent += bytes; }); },
    });
    const evidence = await captureUrl(`${site.origin}/`, {}, { signal: AbortSignal.timeout(50_000) });
    await ended;
    expect(evidence.limits.join()).toContain('more than 200 MB');
    expect(evidence.views[0]?.elements.map(({ name }) => name)).toContain('Hello');
    expect(sent).toBeGreaterThan(EGRESS_LIMITS.bytes);
    expect(sent).toBeLessThan(EGRESS_LIMITS.bytes * 1.2);
  });

  it('is cut off from an upload without end, and measured as it stands', async () => {
    let received = 0;
    let ended: Promise<unknown> = Promise.resolve();
    const site = await serve({
      '/': page('<h1>Hello</h1><script>fetch("/upload", { method: "POST", body: new Blob(Array(90).fill(new Uint8Array(1024 * 1024))) }).catch(() => {})</script>'),
      '/upload': (request) => { ended = new Promise((resolve) => { request.on('error', () => {}).on('data', (chunk: Buffer) => { received += chunk.length; }).once('close', resolve); }); },
    });
    const evidence = await captureUrl(`${site.origin}/`, {}, { signal: AbortSignal.timeout(50_000) });
    await ended;
    expect(evidence.limits.join()).toContain('sends more than 50 MB');
    expect(evidence.views[0]?.elements.map(({ name }) => name)).toContain('Hello');
    expect(received).toBeGreaterThan(EGRESS_LIMITS.sent * 0.8);
    expect(received).toBeLessThanOrEqual(EGRESS_LIMITS.sent);
  });

  it.each([[4_800, 30], [5_100, 0]])('that asked for %i files gets no more once they are too many', async (count, late) => {
    const site = await serve({
      '/': page(`<h1>Hello</h1><script>
        const ask = (url) => fetch(url).then(() => true, () => false);
        const pause = () => new Promise((resolve) => setTimeout(resolve, 100));
        for (let i = 0; i < ${count}; i++) ask('http://127.0.0.1:1/'); // fails at once: Chromium opens no such port
        (async () => {
          for (let i = 0; i < 50 && (await ask('/probe')); i++) await pause();
          for (let i = 0; i < 30; i++) await ask('/late');
          document.body.append(Object.assign(document.createElement('p'), { id: 'over', textContent: 'over' }));
        })();
      </script>`),
    });
    const evidence = await captureUrl(`${site.origin}/`, { wait: { selector: '#over' } }, { signal: AbortSignal.timeout(50_000) });
    expect(site.hits.filter((path) => path === '/late')).toHaveLength(late);
    expect(evidence.limits.some((limit) => limit.includes('more than 5000 files'))).toBe(late === 0);
  });
});

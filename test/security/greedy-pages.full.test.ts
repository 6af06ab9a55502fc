import { expect, it } from 'vitest';
import { EGRESS_LIMITS } from '../../render-server/src/browsers/page-source.ts';
import { page, useCapturing } from '../support/capturing.ts';

const { serve, captureUrl } = useCapturing();

it('a page gets no more than its share of tens of thousands of requests, and is measured as it stands', async () => {
  const site = await serve({
    '/': page(`<h1>Hello</h1><script>
      let n = 0;
      setInterval(() => { for (let i = 0; i < 100 && n < 20_000; i++) fetch('/x?' + n++).catch(() => {}); }, 20);
    </script>`),
  });
  const evidence = await captureUrl(`${site.origin}/`, {}, { signal: AbortSignal.timeout(50_000) });
  const [view] = evidence.views;
  expect(evidence.limits.join()).toContain('more than 5000 files');
  expect(view?.elements.map(({ name }) => name)).toContain('Hello');
  expect(view?.network.failed.filter(({ status }) => status === null)).toEqual([]); // what was kept back is not the page's failure
  expect(site.hits.length).toBeLessThan(EGRESS_LIMITS.requests);
});

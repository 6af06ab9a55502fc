import { AllowList } from '../../render-server/src/addresses.ts';
import { createResolver } from '../../render-server/src/browsers/dns.ts';
import { Lease } from '../../render-server/src/browsers/lease.ts';
import type { PageSource } from '../../render-server/src/browsers/page-source.ts';
import { startPool } from './pool.ts';

/** The server's own pool with one browser, for tests of capture without jobs; sites on loopback are allowed. */
export async function startPageSource(): Promise<PageSource & { close(): Promise<void> }> {
  const pool = await startPool({ pagesPerBrowser: 4 });
  const policy = { allow: AllowList.parse(['127.0.0.1', 'localhost']), resolver: createResolver() };
  let latest: Lease | undefined;
  return {
    async withPage(options, signal, use) {
      const lease = await Lease.open(await pool.acquire(signal), new URL('http://127.0.0.1/'), policy, signal);
      latest = lease;
      try {
        return await lease.withPage(options, signal, use);
      } finally {
        await lease.release();
      }
    },
    failureFor: (url) => latest?.failureFor(url),
    usedUp: () => latest?.usedUp(),
    close: () => pool.close(),
  };
}

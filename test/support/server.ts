import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { RenderClient, type RenderClientOptions } from '@cro-analyzer/protocol/client';
import { startApp, type App, type Parts } from '../../render-server/src/app.ts';
import { loadConfig } from '../../render-server/src/config.ts';
import { CHROMIUM } from './chromium.ts';

export interface TestServer {
  readonly app: App;
  readonly url: string;
  readonly dataDir: string;
  /** A client of this server, closed with it. */
  client(options?: Partial<RenderClientOptions>): RenderClient;
  /** Stops it and removes its data, unless these are kept for a second start. */
  close(options?: { keepData?: boolean }): Promise<void>;
}

/** The real server in this process, on a free port, with a data folder of its own. */
export async function startServer(env: Record<string, string> = {}, parts: Parts = {}): Promise<TestServer> {
  const dataDir = env.CRO_DATA_DIR ?? (await mkdtemp(join(tmpdir(), 'cro-test-')));
  const config = loadConfig({
    CRO_CHROMIUM_PATH: CHROMIUM,
    CRO_PORT: '0', CRO_BROWSERS: '1', CRO_LOG_LEVEL: 'silent', CRO_ALLOW_HOSTS: '127.0.0.1',
    ...env,
    CRO_DATA_DIR: dataDir,
  });
  const app = await startApp(config, parts);
  const clients: RenderClient[] = [];
  return {
    app, dataDir, url: app.url,
    client(options = {}) {
      const client = new RenderClient({ url: app.url, client: 'test', sleep: (ms, signal) => delay(ms, undefined, { signal }), ...options });
      clients.push(client);
      return client;
    },
    async close({ keepData = false } = {}) {
      await Promise.all(clients.map((client) => client.close()));
      await app.stop(0);
      if (!keepData) await rm(dataDir, { recursive: true, force: true });
    },
  };
}

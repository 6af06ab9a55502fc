import { once } from 'node:events';
import { startApp } from './app.ts';
import { loadConfig } from './config.ts';
import { explainFailure } from './explain.ts';

/** Runs the server until it is told to stop, also while it starts. A second signal ends it at once. */
async function main(): Promise<void> {
  const told = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      process.once(signal, () => process.exit(1));
      told.abort();
    });
  }
  try {
    const app = await startApp(loadConfig(), {}, told.signal);
    if (!told.signal.aborted) await once(told.signal, 'abort');
    await app.stop();
  } catch (error) {
    if (error !== told.signal.reason) throw error;
  }
}

main().then(() => process.exit(0), (error: unknown) => {
  process.stderr.write(`${explainFailure(error)}\n`);
  process.exit(1);
});

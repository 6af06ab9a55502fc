import { startApp } from './app.ts';
import { ConfigError, loadConfig } from './config.ts';
import { RenderError } from './errors.ts';

/** Runs the server until it is told to stop. A second signal ends it at once. */
async function main(): Promise<void> {
  const app = await startApp(loadConfig());
  const stop = (): void => {
    process.once('SIGTERM', () => process.exit(1));
    process.once('SIGINT', () => process.exit(1));
    app.stop().then(() => process.exit(0), (error: unknown) => {
      console.error(error);
      process.exit(1);
    });
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

main().catch((error: unknown) => {
  console.error(error instanceof ConfigError || error instanceof RenderError ? error.message : error);
  process.exitCode = 1;
});

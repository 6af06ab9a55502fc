import { chmodSync, existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CHROMIUM } from '../support/chromium.ts';
import { startServer } from '../support/server.ts';

describe('a launch that fails at the start of the server', () => {
  it('is tried again, and does not end the server', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'cro-script-'));
    const script = join(directory, 'chromium');
    writeFileSync(script, `#!/bin/sh\nif mkdir ${directory}/failed; then exit 1; fi 2>/dev/null\nexec ${CHROMIUM} "$@"\n`);
    chmodSync(script, 0o755);
    const server = await startServer({ CRO_CHROMIUM_PATH: script, CRO_BROWSERS: '2' });
    expect(existsSync(join(directory, 'failed'))).toBe(true);
    await expect.poll(() => server.app.pool.slots.ready, { timeout: 20_000 }).toBe(4);
    await server.close();
    await rm(directory, { recursive: true });
  });

  it('for good stops it with a word on what to do, and leaves nothing running', async () => {
    await expect(startServer({ CRO_CHROMIUM_PATH: '/bin/false' })).rejects.toThrow('Check CRO_CHROMIUM_PATH');
  });
});

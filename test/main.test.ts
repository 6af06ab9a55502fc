import { execFile } from 'node:child_process';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHROMIUM } from './support/chromium.ts';

let dataDir: string;
beforeAll(async () => { dataDir = await mkdtemp(join(tmpdir(), 'cro-main-')); });
afterAll(() => rm(dataDir, { recursive: true }));

function serve(env: Record<string, string>): Promise<{ code: unknown; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [join(import.meta.dirname, '../render-server/src/main.ts')], {
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], CRO_CHROMIUM_PATH: CHROMIUM, CRO_DATA_DIR: dataDir, CRO_BROWSERS: '1', CRO_LOG_LEVEL: 'silent', ...env },
    }, (error, _stdout, stderr) => resolve({ code: error?.code ?? 0, stderr }));
  });
}

describe('a server that cannot start', () => {
  it.each([
    ['a wrong variable', { CRO_PORT: 'x', CRO_QUEUE_MAX: '0' }, /CRO_PORT must be.*\n.*CRO_QUEUE_MAX must be/],
    ['a program that is no Chromium', { CRO_CHROMIUM_PATH: '/bin/true' }, /Chromium did not start.*CRO_CHROMIUM_PATH/],
    ['an address of another machine', { CRO_HOST: '192.0.2.1', CRO_API_KEYS: 'a-key-of-this-server' }, /CRO_HOST is not an address of this machine/],
    ['a data folder that is a file', { CRO_DATA_DIR: '/etc/passwd' }, /A folder was expected/],
  ])('says what to change for %s, in words and not as a stack', async (_, env, words) => {
    const { code, stderr } = await serve(env);
    expect(code).toBe(1);
    expect(stderr).toMatch(words);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it('says that the port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { stderr } = await serve({ CRO_PORT: String((other.address() as AddressInfo).port) });
    expect(stderr).toContain('The port is in use');
    other.close();
  });
});

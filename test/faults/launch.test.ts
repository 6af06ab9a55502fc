import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Browser } from '../../render-server/src/browsers/browser.ts';
import { groupsUsing } from '../../render-server/src/browsers/processes.ts';
import { CHROMIUM } from '../support/chromium.ts';
import { startServer } from '../support/server.ts';

let directory: string;
beforeEach(() => { directory = mkdtempSync(join(tmpdir(), 'cro-script-')); });
afterEach(() => rm(directory, { recursive: true }));

/** A Chromium that does this first. */
function scriptOf(lines: string): string {
  const script = join(directory, 'chromium');
  writeFileSync(script, `#!/bin/sh\n${lines}\nexec ${CHROMIUM} "$@"\n`);
  chmodSync(script, 0o755);
  return script;
}

describe('a launch that fails at the start of the server', () => {
  it('is tried again, and does not end the server', async () => {
    const script = scriptOf(`if mkdir ${directory}/failed; then exit 1; fi 2>/dev/null`);
    const server = await startServer({ CRO_CHROMIUM_PATH: script, CRO_BROWSERS: '2' });
    expect(existsSync(join(directory, 'failed'))).toBe(true);
    await expect.poll(() => server.app.pool.slots.ready, { timeout: 20_000 }).toBe(4);
    await server.close();
  });

  it('for good stops it with a word on what to do, and leaves nothing running', async () => {
    await expect(startServer({ CRO_CHROMIUM_PATH: '/bin/false' })).rejects.toThrow('Check CRO_CHROMIUM_PATH');
  });
});

describe('a launch with the sandbox', () => {
  const launch = (lines: string): Promise<Browser> => Browser.launch(
    { executablePath: scriptOf(`echo "$@" >> ${directory}/arguments\n${lines}`), sandbox: 'on', folder: join(directory, 'browsers'), logger: pino({ level: 'silent' }) }, new AbortController().signal);

  it.each([
    ['of which Chromium has none', 'echo "No usable sandbox! If this is a Debian system" >&2; exit 1', 'see CRO_SANDBOX'],
    ['that fails by something else', 'exit 1', 'Check CRO_CHROMIUM_PATH'],
  ])('%s fails with a word on that, and is not tried without when it is asked for', async (_, lines, advice) => {
    await expect(launch(lines)).rejects.toMatchObject({ code: 'internal', reason: 'chromium', message: expect.stringContaining(advice) });
    expect(readFileSync(join(directory, 'arguments'), 'utf8')).not.toContain('--no-sandbox');
    expect(readdirSync(join(directory, 'browsers'))).toEqual([]);
  });
});

describe('a launch that is given up', () => {
  it('leaves neither process nor directory, whenever that is', { timeout: 60_000 }, async () => {
    const folder = join(directory, 'browsers');
    for (const ms of [0, 1, 5, 20, 60, 120, 200, 300]) {
      const given = new AbortController();
      const launching = Browser.launch({ executablePath: CHROMIUM, sandbox: 'auto', folder, logger: pino({ level: 'silent' }) }, given.signal);
      await Promise.race([delay(ms), launching]);
      given.abort(new Error('given up'));
      await launching.then((browser) => browser.close(), (error: unknown) => expect(error).toMatchObject({ message: 'given up' }));
      await expect.poll(() => groupsUsing(folder, () => true)).toEqual([]);
      expect(existsSync(folder) ? readdirSync(folder) : []).toEqual([]);
    }
  });

  it('while Chromium does not answer leaves nothing either, and takes seconds at most', async () => {
    const folder = join(directory, 'browsers');
    const script = scriptOf(`echo up > ${directory}/up; exec sh -c 'read never' "$@" < /dev/zero`);
    const given = new AbortController();
    const launching = Browser.launch({ executablePath: script, sandbox: 'auto', folder, logger: pino({ level: 'silent' }) }, given.signal);
    launching.catch(() => {});
    await expect.poll(() => existsSync(join(directory, 'up'))).toBe(true);
    given.abort(new Error('given up'));
    await expect(launching).rejects.toThrow('given up');
    await expect.poll(() => groupsUsing(folder, () => true)).toEqual([]);
    expect(readdirSync(folder)).toEqual([]);
  }, 10_000);
});

describe('a server that is told to stop while its browsers start', () => {
  it('stops within seconds with exit code 0, and leaves nothing running', async () => {
    const dataDir = join(directory, 'data');
    const script = scriptOf(`echo up > ${directory}/up; exec sh -c 'read never' "$@" < /dev/zero`);
    const child = spawn(process.execPath, ['render-server/src/main.ts'], {
      cwd: join(import.meta.dirname, '../..'),
      env: { PATH: process.env['PATH'], CRO_CHROMIUM_PATH: script, CRO_DATA_DIR: dataDir, CRO_PORT: '0' },
    });
    const exited = once(child, 'exit');
    await expect.poll(() => existsSync(join(directory, 'up')), { timeout: 10_000 }).toBe(true);
    child.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
    await expect.poll(() => groupsUsing(join(dataDir, 'browsers'), () => true)).toEqual([]);
    expect(readdirSync(join(dataDir, 'browsers'))).toEqual([]);
  }, 20_000);
});

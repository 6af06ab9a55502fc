import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AnalysisResult } from '@cro-analyzer/protocol/messages';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHROMIUM } from './support/chromium.ts';
import { startSite, testSites, type Site } from './support/site.ts';

let site: Site;
let folder: string;
beforeAll(async () => {
  site = await startSite(testSites());
  folder = await mkdtemp(join(tmpdir(), 'cro-cli-'));
});
afterAll(async () => {
  await site.close();
  await rm(folder, { recursive: true });
});

/** Runs `cro` as a user does, in a folder of its own. */
function cro(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], CRO_CHROMIUM_PATH: CHROMIUM, CRO_ALLOW_HOSTS: new URL(site.origin).host };
  return new Promise((resolve) => {
    execFile(process.execPath, [join(import.meta.dirname, '../render-server/src/cli.ts'), ...args], { cwd: folder, env }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    });
  });
}

describe('cro analyze', () => {
  it('with --json prints the result alone, and leaves report and screenshots in a folder', async () => {
    const { code, stdout } = await cro('analyze', `${site.origin}/saas`, '--json', '--out', 'out');
    expect(code).toBe(0);
    const result = AnalysisResult.parse(JSON.parse(stdout));
    expect(result.analyst).toMatchObject({ name: 'rules', note: expect.stringContaining('ANTHROPIC_API_KEY') });
    const [run = ''] = await readdir(join(folder, 'out'));
    expect(await readdir(join(folder, 'out', run))).toEqual(expect.arrayContaining(['report.html', 'result.json', 'desktop-1.jpg', 'mobile-1.jpg']));
  });

  it('prints a table that says who wrote it and where the report is', async () => {
    const { code, stdout, stderr } = await cro('analyze', `${site.origin}/lead`);
    expect(code).toBe(0);
    expect(stdout).toContain('the rules analyst');
    const [, report = ''] = /^Report +(.+)$/m.exec(stdout) ?? [];
    expect(existsSync(report)).toBe(true);
    expect(stderr).toMatch(/\d+% {2}Taking pictures/);
  });

  it.each([
    ['a private address', ['analyze', 'http://10.0.0.1'], 'forbidden_url'],
    ['a page that is not there', ['analyze', 'SITE/not-there'], 'HTTP 404'],
    ['a wrong option', ['analyze', 'example.com', '--goal', 'fame'], 'goal'],
  ])('exits 1 on %s and says why', async (_, args, why) => {
    const { code, stdout, stderr } = await cro(...args.map((arg) => arg.replace('SITE', site.origin)));
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(why);
  });
});

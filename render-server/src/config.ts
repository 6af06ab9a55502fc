/** Every variable of the server, once. The reference page is generated from this table. */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { AllowList } from './addresses.ts';
import { readMemory } from './telemetry/memory.ts';

/** How one variable is read and described. */
interface Variable<T> {
  /** Turns the text into a value; throws an Error whose message completes "CRO_X ...". */
  parse(text: string): T;
  /** The default as text, or undefined where there is none. */
  fallback?: string | undefined;
  /** For the reference page, where the default depends on the machine. */
  fallbackNote?: string;
  unit?: string;
  about: string;
  /** A secret can also be given as a file: NAME_FILE. */
  secret?: true;
}

/** A browser with two heavy pages open takes most of a GiB (npm run bench:load prints what it took). */
export function defaultBrowsers(cores: number, memoryBytes: number): number {
  return Math.max(1, Math.min(cores, Math.floor(memoryBytes / 2 ** 30)));
}

/** Memory of one browser at which it is replaced, in MB: all of them together stay within 60 % of what there is. */
export function defaultBrowserMb(browsers: number, memoryBytes: number): number {
  return Math.min(1_500, Math.floor(memoryBytes * 0.6 / browsers / 2 ** 20));
}

const integer = (min: number, max: number) => (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < min || value > max) throw new Error(`must be a whole number from ${min} to ${max}, not "${text}"`);
  return value;
};

const optional = <T>(parse: (text: string) => T) => (value: string): T | null => (value === '' ? null : parse(value));

const text = (value: string): string => value;

const list = (value: string): string[] => value.split(',').map((entry) => entry.trim()).filter(Boolean);

const allowList = (value: string): string[] => {
  const entries = list(value);
  AllowList.parse(entries);
  return entries;
};

const choice = <T extends string>(...options: T[]) => (value: string): T => {
  const found = options.find((option) => option === value);
  if (!found) throw new Error(`must be one of ${options.join(', ')}, not "${value}"`);
  return found;
};

const dollars = (value: string): number => {
  const amount = Number(value);
  if (!(amount > 0)) throw new Error(`must be an amount of US dollars, not "${value}"`);
  return amount;
};

const LIMIT_NAMES = ['open', 'minute', 'day', 'usd', 'sessions'] as const;

/** What one key, one address or the server as a whole may use; what is not named has no limit. */
export type Limits = Readonly<Partial<Record<(typeof LIMIT_NAMES)[number], number>>>;

const limits = (value: string): Limits => Object.fromEntries(list(value).map((entry, index, all) => {
  const [name = '', amount = ''] = entry.split('=').map((part) => part.trim());
  if (!LIMIT_NAMES.some((known) => known === name)) throw new Error(`must be a list such as open=50,minute=120,day=2000,usd=20,sessions=10, not "${entry}"`);
  if (all.findIndex((other) => other.split('=')[0]?.trim() === name) !== index) throw new Error(`must give ${name} once`);
  const number = Number(amount);
  if (!(number > 0) || (name !== 'usd' && !Number.isInteger(number))) throw new Error(`must give ${name} as a number above 0, not "${amount}"`);
  return [name, number];
}));

/** Sockets are bounded also where the operator thought of money only. */
const totalLimits = (value: string): Limits => ({ sessions: 1_000, ...limits(value) });

const apiKeys = (value: string): string[] => {
  const keys = list(value);
  if (keys.some((key) => key.length < 16)) throw new Error('must hold keys of 16 characters or more');
  return keys;
};

const httpAddress = (value: string): string => {
  if (!URL.canParse(value) || !/^https?:$/.test(new URL(value).protocol)) throw new Error('must be an http or https address');
  return value;
};

const VARIABLES = {
  CRO_HOST: variable({ parse: text, fallback: '127.0.0.1', about: 'Address to listen on. Any other than loopback needs CRO_API_KEYS.' }),
  CRO_PORT: variable({ parse: integer(0, 65_535), fallback: '8787', about: 'Port to listen on; 0 takes a free one.' }),
  CRO_API_KEYS: variable({ parse: apiKeys, fallback: '', secret: true, about: 'Keys that clients may use, of 16 characters or more, separated by commas. Each key sees its own jobs only.' }),
  CRO_DATA_DIR: variable({ parse: text, fallback: '.cro-data', about: 'Folder for the database, screenshots and reports. One server holds it at a time.' }),
  CRO_BROWSERS: variable({ parse: integer(1, 64), fallback: String(defaultBrowsers(availableParallelism(), readMemory().limitBytes)), fallbackNote: 'number of cores, and no more than one for each GiB of memory', about: 'Chromium processes that are kept warm.' }),
  CRO_PAGES_PER_BROWSER: variable({ parse: integer(1, 32), fallback: '2', about: 'Pages that one browser shows at a time.' }),
  CRO_RECYCLE_JOBS: variable({ parse: integer(1, 1_000_000), fallback: '500', about: 'Jobs after which a browser is replaced by a fresh one.' }),
  CRO_RECYCLE_MINUTES: variable({ parse: integer(1, 10_080), fallback: '60', unit: 'minutes', about: 'Age at which a browser is replaced by a fresh one.' }),
  CRO_BROWSER_MAX_MB: variable({ parse: optional(integer(100, 65_536)), fallbackNote: '1500, or less where the browsers together would have more than 60 % of the memory', about: 'Memory of a browser and all its processes, in MB, above which it is replaced by a fresh one. At twice as much it is ended at once.' }),
  CRO_EVIDENCE_MAX_MB: variable({ parse: integer(16, 65_536), fallback: '256', unit: 'MB', about: 'Screenshots and facts of pages that wait for Claude. When they fill it, rendering waits.' }),
  CRO_QUEUE_MAX: variable({ parse: integer(1, 100_000), fallback: '1000', about: 'Jobs that may wait for a page. Above it a submit is refused with queue_full and a time to come back.' }),
  CRO_QUEUE_WAIT_MS: variable({ parse: integer(1_000, 86_400_000), fallback: '900000', unit: 'ms', about: 'Longest wait for a page. A submit whose expected wait is longer is refused at once.' }),
  CRO_DEADLINE_MS: variable({ parse: integer(5_000, 900_000), fallback: '180000', unit: 'ms', about: 'Time for one job from its first lease, over all its attempts. A request may ask for its own.' }),
  CRO_LOST_CLIENT_MS: variable({ parse: integer(0, 86_400_000), fallback: '900000', unit: 'ms', about: 'How long jobs are kept that nobody follows any more. Then they are cancelled, unless their client asked otherwise.' }),
  CRO_LIMITS_TOTAL: variable({ parse: totalLimits, fallback: '', fallbackNote: '`sessions=1000`', about: 'What all callers together may use: `open` jobs, jobs a `minute`, jobs a `day`, `usd` a day for Claude, open `sessions`; for example `open=500,minute=600,day=5000,usd=50`. Days are those of UTC.' }),
  CRO_LIMITS_PER_KEY: variable({ parse: limits, fallback: '', about: 'What one API key may use, in the same words.' }),
  CRO_LIMITS_PER_IP: variable({ parse: limits, fallback: '', about: 'What one client address may use, in the same words.' }),
  CRO_TRUSTED_PROXIES: variable({ parse: allowList, fallback: '', about: 'Addresses or CIDR ranges of reverse proxies, separated by commas: from these, and from no others, `X-Forwarded-For` names the client.' }),
  CRO_CREDIT: variable({ parse: integer(1, 10_000), fallback: '100', about: 'Accepted jobs that one session may have open.' }),
  CRO_ALLOW_HOSTS: variable({ parse: allowList, fallback: '', about: 'Hosts, host:port or CIDR ranges that may be opened although they are private or belong to this machine, separated by commas.' }),
  CRO_WEBHOOK_ALLOW_HOSTS: variable({ parse: allowList, fallback: '', about: 'Hosts, host:port or CIDR ranges that webhooks may reach although they are private or belong to this machine, separated by commas.' }),
  CRO_RETENTION_DAYS: variable({ parse: integer(1, 3_650), fallback: '30', unit: 'days', about: 'Age at which ended jobs are removed, with their screenshots and reports.' }),
  CRO_DATA_MAX_GB: variable({ parse: integer(1, 100_000), fallback: '10', unit: 'GB', about: 'Size of the data folder above which the oldest ended jobs are removed.' }),
  CRO_CHROMIUM_PATH: variable({ parse: text, fallback: '', fallbackNote: 'found by the set-up', about: 'Chromium or its headless shell.' }),
  CRO_SANDBOX: variable({ parse: choice('auto', 'on', 'off'), fallback: 'auto', about: "Chromium's own sandbox. auto turns it off only where it cannot work: as root on Linux, or where Chromium says that it has none, as in a container without user namespaces. The log and /readyz say so." }),
  CRO_CLAUDE_CONCURRENCY: variable({ parse: integer(1, 1_000), fallback: '8', about: 'Most calls to Claude at the same time. When Claude reports its rate limit there are fewer for a while.' }),
  CRO_JOB_BUDGET_USD: variable({ parse: optional(dollars), fallback: '', unit: 'US dollars', about: 'Most that Claude may cost for one job. A request may ask for less.' }),
  CRO_MODEL: variable({ parse: text, fallback: 'claude-sonnet-5-5', about: 'Claude model for requests that name none.' }),
  ANTHROPIC_API_KEY: variable({ parse: text, fallback: '', secret: true, about: 'Key for Claude. Without it the rules analyst answers.' }),
  ANTHROPIC_BASE_URL: variable({ parse: httpAddress, fallback: 'https://api.anthropic.com', about: "Address of Claude's API." }),
  CRO_LOG_LEVEL: variable({ parse: choice('debug', 'info', 'warn', 'error', 'silent'), fallback: 'info', about: 'What the log on standard error shows.' }),
};

function variable<T>(entry: Variable<T>): Variable<T> {
  return entry;
}

type Values = { [Name in keyof typeof VARIABLES]: ReturnType<(typeof VARIABLES)[Name]['parse']> };

/** What Kubernetes puts into the environment of every pod for a service whose name begins with "cro". */
const SERVICE_LINK = /_SERVICE_HOST$|_SERVICE_PORT(_|$)|_PORT(_|$)/;

/** The server's configuration, checked. Keys are the names of the variables. */
export type Config = Readonly<Values>;

/** All mistakes of a configuration at once, a line each. */
export class ConfigError extends Error {
  constructor(mistakes: readonly string[]) {
    super(`The configuration has ${mistakes.length === 1 ? 'a mistake' : `${mistakes.length} mistakes`}:\n${mistakes.map((line) => `  ${line}`).join('\n')}`);
    this.name = 'ConfigError';
  }
}

/**
 * Reads the configuration. An empty variable counts as not set.
 * @throws ConfigError that lists every mistake
 */
export function loadConfig(env: Record<string, string | undefined> = process.env): Config {
  const mistakes: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, entry] of Object.entries<Variable<unknown>>(VARIABLES)) {
    try {
      values[name] = entry.parse((entry.secret ? secretOf(name, env) : env[name]?.trim()) || (entry.fallback ?? ''));
    } catch (error) {
      mistakes.push(`${name} ${(error as Error).message}`);
    }
  }
  for (const name of Object.keys(env)) {
    if (name.startsWith('CRO_') && !(name in VARIABLES) && !isSecretFile(name) && !SERVICE_LINK.test(name)) mistakes.push(`${name} is not a variable of this server`);
  }
  const config = values as Config;
  if (config.CRO_HOST && config.CRO_API_KEYS?.length === 0 && !isLoopback(config.CRO_HOST)) {
    mistakes.push(`CRO_API_KEYS must be set when CRO_HOST is ${config.CRO_HOST}: anyone who reaches that address could use the server`);
  }
  if (config.CRO_CHROMIUM_PATH === '') mistakes.push('CRO_CHROMIUM_PATH must name Chromium or its headless shell; the npm commands of this project find one by themselves');
  if (mistakes.length > 0) throw new ConfigError(mistakes);
  return Object.freeze(config);
}

/** Whether a bind address is reachable from this machine only. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** The reference page, as Markdown. */
export function configReference(): string {
  const rows = Object.entries<Variable<unknown>>(VARIABLES).map(([name, entry]) => {
    const fallback = entry.fallbackNote ?? (entry.fallback ? `\`${entry.fallback}\`` : 'none');
    return `| \`${name}\`${entry.secret ? ` or \`${name}_FILE\`` : ''} | ${fallback}${entry.unit && fallback !== 'none' ? ` ${entry.unit}` : ''} | ${entry.about} |`;
  });
  return [
    '# Configuration', '',
    'The server is configured by environment variables alone. A mistake stops the start, and all mistakes are listed at once.',
    'A secret can also come from a file: set the name with `_FILE` at its end to the path of the file.', '',
    'This page is generated by `npm run docs:config`.', '',
    '| variable | default | meaning |', '|---|---|---|', ...rows, '',
  ].join('\n');
}

function isSecretFile(name: string): boolean {
  return name.endsWith('_FILE') && Object.entries<Variable<unknown>>(VARIABLES).some(([key, entry]) => entry.secret && `${key}_FILE` === name);
}

function secretOf(name: string, env: Record<string, string | undefined>): string | undefined {
  const path = env[`${name}_FILE`];
  if (!path) return env[name]?.trim();
  if (env[name]) throw new Error(`is set twice: as ${name} and as ${name}_FILE`);
  let secret: string;
  try {
    secret = readFileSync(path, 'utf8').trim();
  } catch {
    throw new Error(`cannot be read from the file that ${name}_FILE names: ${path}`);
  }
  if (secret === '') throw new Error(`is empty in the file that ${name}_FILE names: ${path}`);
  return secret;
}

import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError, configReference, defaultBrowserMb, defaultBrowsers, loadConfig } from '../render-server/src/config.ts';

const base = { CRO_CHROMIUM_PATH: '/usr/bin/chromium' };

describe('the configuration', () => {
  it('needs nothing but Chromium on loopback', () => {
    expect(loadConfig(base)).toMatchObject({ CRO_HOST: '127.0.0.1', CRO_PORT: 8787, CRO_API_KEYS: [], ANTHROPIC_API_KEY: '' });
  });

  it('lists all mistakes at once, each with its variable', () => {
    const wrong = { ...base, CRO_PORT: 'eighty', CRO_SANDBOX: 'maybe', CRO_API_KEYS: 'short', ANTHROPIC_BASE_URL: 'ftp://x', CRO_TYPO: '1', CRO_ALLOW_HOSTS: 'http://x/' };
    expect(() => loadConfig(wrong)).toThrow(ConfigError);
    for (const name of ['CRO_PORT', 'CRO_SANDBOX', 'CRO_API_KEYS', 'ANTHROPIC_BASE_URL', 'CRO_TYPO', 'CRO_ALLOW_HOSTS']) {
      expect(() => loadConfig(wrong)).toThrow(name);
    }
  });

  it('refuses to listen beyond loopback without keys', () => {
    expect(() => loadConfig({ ...base, CRO_HOST: '0.0.0.0' })).toThrow('CRO_API_KEYS must be set');
    expect(loadConfig({ ...base, CRO_HOST: '0.0.0.0', CRO_API_KEYS: 'a-key-of-16-chars' }).CRO_API_KEYS).toEqual(['a-key-of-16-chars']);
  });

  it('reads a secret from a file, and refuses to guess when it is given twice', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'cro-config-')), 'key');
    writeFileSync(file, 'secret-from-file\n');
    expect(loadConfig({ ...base, ANTHROPIC_API_KEY_FILE: file }).ANTHROPIC_API_KEY).toBe('secret-from-file');
    expect(() => loadConfig({ ...base, ANTHROPIC_API_KEY_FILE: file, ANTHROPIC_API_KEY: 'other' })).toThrow('set twice');
    writeFileSync(file, '\n');
    expect(() => loadConfig({ ...base, CRO_API_KEYS_FILE: file })).toThrow('is empty');
    expect(() => loadConfig({ ...base, ANTHROPIC_API_KEY_FILE: `${file}-not-there` })).toThrow('cannot be read');
  });

  it('is not disturbed by what Kubernetes tells pods about a service', () => {
    expect(loadConfig({ ...base, CRO_ANALYZER_SERVICE_HOST: '10.0.0.7', CRO_ANALYZER_PORT: 'tcp://10.0.0.7:80', CRO_ANALYZER_PORT_80_TCP: 'x' }).CRO_PORT).toBe(8787);
  });

  it('reads limits by name, bounds sessions also where only others are set, and names what it cannot read', () => {
    expect(loadConfig({ ...base, CRO_LIMITS_PER_KEY: 'open=50, usd=2.5' }).CRO_LIMITS_PER_KEY).toEqual({ open: 50, usd: 2.5 });
    expect(loadConfig({ ...base, CRO_LIMITS_TOTAL: 'usd=50' }).CRO_LIMITS_TOTAL).toEqual({ sessions: 1_000, usd: 50 });
    expect(() => loadConfig({ ...base, CRO_LIMITS_PER_IP: 'hour=5' })).toThrow('CRO_LIMITS_PER_IP must be a list such as');
    expect(() => loadConfig({ ...base, CRO_LIMITS_PER_IP: 'day=lots' })).toThrow('CRO_LIMITS_PER_IP must give day as a number above 0, not "lots"');
  });

  it('replaces browsers before all of them together have most of the memory', () => {
    expect([[2, 64], [4, 4]].map(([browsers = 0, gib = 0]) => defaultBrowserMb(browsers, gib * 2 ** 30))).toEqual([1_500, 614]);
  });

  it('starts a browser for each core, and no more than one for each GiB of memory', () => {
    expect([[4, 64], [8, 2], [2, 0.5]].map(([cores = 0, gib = 0]) => defaultBrowsers(cores, gib * 2 ** 30))).toEqual([4, 2, 1]);
  });

  it('takes an empty variable as not set', () => {
    expect(loadConfig({ ...base, CRO_PORT: '', CRO_HOST: ' ' })).toMatchObject({ CRO_PORT: 8787, CRO_HOST: '127.0.0.1' });
  });

  it('has a reference page that is up to date', () => {
    const page = readFileSync(join(import.meta.dirname, '../docs/configuration.md'), 'utf8');
    // The number of cores is the machine's; the page says so in words.
    expect(page).toBe(configReference());
  });
});

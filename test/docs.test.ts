import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CODES } from '@cro-analyzer/protocol/codes';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const PAGES = globSync(['*.md', 'docs/**/*.md', 'examples/**/*.md'], { cwd: ROOT });
const read = (page: string): string => readFileSync(join(ROOT, page), 'utf8');

describe.each(PAGES)('%s', (page) => {
  it('links only to what is there', () => {
    const targets = [...read(page).matchAll(/\]\((?!https?:)([^)#]+)?(#[^)]+)?\)/g)];
    for (const [, path, anchor] of targets) {
      const file = path ? join(dirname(page), path) : page;
      expect(existsSync(join(ROOT, file)), file).toBe(true);
      if (!anchor) continue;
      const anchors = [...read(file).matchAll(/^#+ (.+)$/gm)].map(([, title = '']) => `#${title.toLowerCase().replace(/[^\w\s-]/g, '').replaceAll(' ', '-')}`);
      expect(anchors, file).toContain(anchor);
    }
  });

  it('names only npm scripts that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    for (const [, script = ''] of read(page).matchAll(/npm run (?:--silent )?([\w:]+)/g)) expect(Object.keys(scripts)).toContain(script);
  });
});

describe('the table of errors', () => {
  it('has a line for each code, with its advice', () => {
    const page = read('docs/protocol.md');
    for (const [code, { status, retryable, advice }] of Object.entries(CODES)) {
      expect(page).toContain(`| \`${code}\` | ${status} | ${retryable ? 'yes' : 'no'} | ${advice} |`);
    }
  });
});

describe('the table of promises', () => {
  const page = read('docs/reliability.md');

  it('has each fault and each way in, and for each a test that is there under that name', () => {
    const rows = [...page.matchAll(/^\| (E?\d+) \|.*$/gm)];
    expect(rows.map(([, number]) => number)).toEqual([...Array.from({ length: 22 }, (_, index) => `${index + 1}`), ...Array.from({ length: 10 }, (_, index) => `E${index + 1}`)]);
    for (const [row, number] of rows) {
      const tests = [...row.matchAll(/\[([^\]]+)\]\(\.\.\/(test\/(?:faults|security)\/[\w.-]+)\)/g)];
      expect(tests.length, number).toBeGreaterThan(0);
      for (const [, name = '', file = ''] of tests) expect(read(file).replaceAll("\\'", "'"), `${number}: ${file}`).toContain(name);
    }
  });
});

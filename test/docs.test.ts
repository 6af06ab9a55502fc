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

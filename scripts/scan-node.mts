/**
 * Runs n8n's own scanner on the sources and on the packed node, without publishing it:
 * `node scripts/scan-node.mts`. Prints what it finds; exits with 1 when it finds anything.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT, installPackages, lab, packNode, run } from './lab.mts';

const VERSION = '0.32.0';

interface Scanner {
  SOURCE_FILE_PATTERNS: string[];
  analyzePackage(folder: string, patterns?: string[]): Promise<{ passed: boolean; message?: string; details?: string }>;
}

/** What the scanner says against the sources and against a tarball; null where it passes. */
export async function scanNode(tarball: string): Promise<{ source: string | null; tarball: string | null }> {
  const scanner = await loadScanner();
  const unpacked = await mkdtemp(join(tmpdir(), 'cro-scan-'));
  try {
    await run('tar', ['-xzf', tarball, '-C', unpacked, '--strip-components=1'], { cwd: unpacked });
    const findings = async (folder: string, patterns?: string[]): Promise<string | null> => {
      const { passed, message, details } = await scanner.analyzePackage(folder, patterns);
      return passed && message === undefined ? null : details ?? message ?? 'failed without saying why';
    };
    return { source: await findings(ROOT, scanner.SOURCE_FILE_PATTERNS), tarball: await findings(unpacked) };
  } finally {
    await rm(unpacked, { recursive: true, force: true });
  }
}

async function loadScanner(): Promise<Scanner> {
  const folder = await lab(`scanner-${VERSION}`);
  // The scanner pins TypeScript 7, which the parser it uses cannot load: 5.8 beside it is what the parser finds.
  await installPackages(folder, [`@n8n/scan-community-package@${VERSION}`, 'typescript@5.8'], "Installing n8n's scanner (about 10 seconds, once) ...");
  const entry = join(folder, 'node_modules/@n8n/scan-community-package/scanner/scanner.mjs');
  return await import(pathToFileURL(entry).href) as Scanner;
}

if (process.argv[1] === import.meta.filename) {
  const folder = await mkdtemp(join(tmpdir(), 'cro-pack-'));
  try {
    const findings = await scanNode(await packNode(folder));
    for (const [part, found] of Object.entries(findings)) console.log(`${part}: ${found ?? 'nothing found'}`);
    if (findings.source !== null || findings.tarball !== null) process.exitCode = 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

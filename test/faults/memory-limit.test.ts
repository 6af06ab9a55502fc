import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readMemory } from '../../render-server/src/telemetry/memory.ts';

const GIB = 2 ** 30;

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cro-memory-'));
  write({ 'proc/meminfo': `MemTotal:       ${16 * 2 ** 20} kB\nMemFree:        1000 kB\nMemAvailable:   ${12 * 2 ** 20} kB\n` });
});
afterEach(() => rmSync(root, { recursive: true }));

function write(files: Record<string, string | number>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), `${text}\n`);
  }
}

const group = (path: string, limit: string | number, used: number, inactive = 0): Record<string, string | number> => ({
  [`sys/fs/cgroup${path}/memory.max`]: limit,
  [`sys/fs/cgroup${path}/memory.current`]: used,
  [`sys/fs/cgroup${path}/memory.stat`]: `anon 1\nactive_file 5\ninactive_file ${inactive}\n`,
});

describe('the memory that may be used', () => {
  it('is that of the container, not of the machine, without the file cache that can go', () => {
    write({ 'proc/self/cgroup': '0::/', ...group('', 2 * GIB, 1.5 * GIB, 0.5 * GIB) });
    expect(readMemory(root)).toEqual({ usedBytes: GIB, limitBytes: 2 * GIB, source: 'cgroup2' });
  });

  it('is that of the group with the least room, which may stand above its own', () => {
    write({ 'proc/self/cgroup': '0::/slice/pod/server', ...group('/slice/pod/server', 2 * GIB, GIB), ...group('/slice/pod', 'max', 5 * GIB), ...group('/slice', 6 * GIB, 5.5 * GIB) });
    expect(readMemory(root)).toEqual({ usedBytes: 5.5 * GIB, limitBytes: 6 * GIB, source: 'cgroup2' });
  });

  it('is found where the path is that of the machine but the files are the container\'s own', () => {
    write({ 'proc/self/cgroup': '0::/docker/0123', ...group('', GIB, 1000) });
    expect(readMemory(root)).toEqual({ usedBytes: 1000, limitBytes: GIB, source: 'cgroup2' });
  });

  it('is read from version 1 where version 2 sets no limit', () => {
    write({
      'proc/self/cgroup': '12:cpu,cpuacct:/a\n4:memory:/docker/0123\n0::/docker/0123',
      'sys/fs/cgroup/memory/docker/0123/memory.limit_in_bytes': 3 * GIB,
      'sys/fs/cgroup/memory/docker/0123/memory.usage_in_bytes': 2 * GIB,
      'sys/fs/cgroup/memory/docker/0123/memory.stat': `inactive_file 1\ntotal_inactive_file ${GIB}`,
      'sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712',
      'sys/fs/cgroup/memory/memory.usage_in_bytes': 9 * GIB,
    });
    expect(readMemory(root)).toEqual({ usedBytes: GIB, limitBytes: 3 * GIB, source: 'cgroup1' });
  });

  it.each([
    ['no group has a limit', { 'proc/self/cgroup': '0::/a', ...group('/a', 'max', 1000) }],
    ['the limit is above what the machine has', { 'proc/self/cgroup': '0::/a', ...group('/a', 64 * GIB, 1000) }],
    ['there are no groups', {}],
  ])('is that of the machine where %s', (_, files) => {
    write(files);
    expect(readMemory(root)).toEqual({ usedBytes: 4 * GIB, limitBytes: 16 * GIB, source: 'host' });
  });

  it('is some of what this very machine has', () => {
    const { usedBytes, limitBytes } = readMemory();
    expect(usedBytes).toBeGreaterThan(process.memoryUsage().rss / 2);
    expect(usedBytes).toBeLessThan(limitBytes);
    expect(limitBytes).toBeLessThanOrEqual(totalmem());
  });
});

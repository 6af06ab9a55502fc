import { readFileSync } from 'node:fs';
import { freemem, totalmem } from 'node:os';
import { dirname, join } from 'node:path';

/** How much memory is used of how much may be, in bytes, and who sets the limit. */
export interface MemoryReading {
  usedBytes: number;
  limitBytes: number;
  source: 'cgroup2' | 'cgroup1' | 'host';
}

/** Where one version of control groups keeps its figures. Both are described in the kernel's documentation of cgroups. */
interface Hierarchy {
  source: 'cgroup2' | 'cgroup1';
  /** Finds this process in /proc/self/cgroup. */
  membership: RegExp;
  mounts: string[];
  limit: string;
  used: string;
  /** The line of memory.stat with the file cache that the kernel gives up first. */
  reclaimable: RegExp;
}

const HIERARCHIES: Hierarchy[] = [
  { source: 'cgroup2', membership: /^0::(\/.*)$/m, mounts: ['sys/fs/cgroup', 'sys/fs/cgroup/unified'], limit: 'memory.max', used: 'memory.current', reclaimable: /^inactive_file (\d+)$/m },
  { source: 'cgroup1', membership: /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(\/.*)$/m, mounts: ['sys/fs/cgroup/memory'], limit: 'memory.limit_in_bytes', used: 'memory.usage_in_bytes', reclaimable: /^total_inactive_file (\d+)$/m },
];

/**
 * Memory that counts against this process: of the control group with the least room left, its own or one above it; where
 * none has a limit below the machine's memory, of the machine. File cache that the kernel gives up first is not counted.
 * @param root where /proc and /sys stand
 */
export function readMemory(root = '/'): MemoryReading {
  const host = readHost(root);
  const groups = textOf(join(root, 'proc/self/cgroup')) ?? '';
  for (const hierarchy of HIERARCHIES) {
    const path = hierarchy.membership.exec(groups)?.[1];
    if (path === undefined) continue;
    const limited = hierarchy.mounts
      .flatMap((mount) => upwards(path).map((group) => readGroup(join(root, mount, group), hierarchy)))
      .filter((reading) => reading !== undefined)
      .filter(({ limitBytes }) => limitBytes < host.limitBytes);
    const [first, ...rest] = limited;
    if (first) return rest.reduce((tightest, other) => (roomOf(other) < roomOf(tightest) ? other : tightest), first);
  }
  return host;
}

function readGroup(directory: string, { source, limit, used, reclaimable }: Hierarchy): MemoryReading | undefined {
  const limitBytes = Number(textOf(join(directory, limit)) || NaN); // "max" is no number
  const usage = Number(textOf(join(directory, used)) || NaN);
  if (!Number.isFinite(limitBytes) || !Number.isFinite(usage)) return undefined;
  const cache = Number(reclaimable.exec(textOf(join(directory, 'memory.stat')) ?? '')?.[1] ?? 0);
  return { usedBytes: Math.max(0, usage - cache), limitBytes, source };
}

function readHost(root: string): MemoryReading {
  const text = textOf(join(root, 'proc/meminfo')) ?? '';
  const bytes = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? NaN) * 1024;
  const total = bytes('MemTotal');
  const available = bytes('MemAvailable');
  if (!Number.isFinite(total) || !Number.isFinite(available)) return { usedBytes: totalmem() - freemem(), limitBytes: totalmem(), source: 'host' };
  return { usedBytes: total - available, limitBytes: total, source: 'host' };
}

/** A path and all above it. A container may see itself as the root, although its path here says otherwise. */
function upwards(path: string): string[] {
  return path === '/' ? ['/'] : [path, ...upwards(dirname(path))];
}

function roomOf({ limitBytes, usedBytes }: MemoryReading): number {
  return limitBytes - usedBytes;
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** Processes as the kernel shows them under /proc. Linux only. */
import { readFileSync, readdirSync } from 'node:fs';

export interface ProcessInfo {
  pid: number;
  parent: number;
  /** One letter: R, S, D, Z ... */
  state: string;
  /** Clock ticks from the boot to its start: with the pid it names one process for good. */
  startedAt: number;
  /** Resident memory in bytes. */
  rss: number;
  command: string;
}

const PAGE_BYTES = 4096;

/** All processes of this moment. */
export function allProcesses(): ProcessInfo[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((name) => processInfo(Number(name)) ?? []);
}

/** Undefined when there is no such process (any more). */
export function processInfo(pid: number): ProcessInfo | undefined {
  try {
    // pid (name) state ppid ...: the name may hold anything, also brackets.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ');
    return {
      pid,
      state: fields[0] ?? '?',
      parent: Number(fields[1]),
      startedAt: Number(fields[19]),
      rss: Number(fields[21]) * PAGE_BYTES,
      command: readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim(),
    };
  } catch {
    return undefined;
  }
}

/** What this process has started, and what that has started, and so on; without itself. */
export function descendants(pid: number, all: readonly ProcessInfo[]): ProcessInfo[] {
  const children = all.filter(({ parent }) => parent === pid);
  return children.flatMap((child) => [child, ...descendants(child.pid, all)]);
}

/** Whether it mentions the text in its command line or its environment. */
export function mentions(info: ProcessInfo, text: string): boolean {
  if (info.command.includes(text)) return true;
  try {
    return readFileSync(`/proc/${info.pid}/environ`, 'utf8').includes(text);
  } catch {
    return false; // gone, or not ours
  }
}

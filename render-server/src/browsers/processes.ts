/** What there is to know of browsers' processes. Most of it comes from /proc, and is empty elsewhere than on Linux. */
import { readFileSync, readdirSync } from 'node:fs';

/** Process ids by process group. */
export type Groups = ReadonlyMap<number, readonly number[]>;

/** All processes of the machine, by group. */
export function readGroups(): Groups {
  const groups = new Map<number, number[]>();
  for (const pid of listPids()) {
    const group = statGroup(pid);
    if (group === undefined) continue;
    const members = groups.get(group) ?? [];
    members.push(pid);
    groups.set(group, members);
  }
  return groups;
}

/**
 * The process group that a browser was started in. Its leader need not be the browser itself: Debian's chromium is a shell
 * script that waits for it. Elsewhere than on Linux the browser leads.
 */
export function groupOf(pid: number): number {
  return statGroup(pid) ?? pid;
}

/** Memory that is theirs alone, in bytes: RssAnon, since what they share would be counted once for each. */
export function privateMemory(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + Number(/^RssAnon:\s+(\d+) kB/m.exec(textOf(`/proc/${pid}/status`))?.[1] ?? 0) * 1024, 0);
}

/** The process that carries a browser's network, among those of its group. */
export function networkProcess(pids: readonly number[]): number | undefined {
  return pids.find((pid) => textOf(`/proc/${pid}/cmdline`).includes('--utility-sub-type=network.'));
}

/** Groups with a process that was given something beneath this folder, as in `--user-data-dir=<folder>/x`. Never our own. */
export function groupsUsing(folder: string): number[] {
  const using = listPids().filter((pid) => textOf(`/proc/${pid}/cmdline`).split('\0').some((word) => word.startsWith('--') && word.includes(`=${folder}/`)));
  const groups = new Set(using.map(statGroup));
  groups.delete(statGroup(process.pid));
  return [...groups].filter((group) => group !== undefined);
}

export function killGroup(group: number): void {
  try {
    process.kill(-group, 'SIGKILL');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ESRCH' && code !== 'EPERM') throw error; // gone already, or its number is another user's by now
  }
}

function listPids(): number[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number);
}

function statGroup(pid: number): number | undefined {
  const fields = textOf(`/proc/${pid}/stat`).replace(/^.*\) /s, '').split(' ');
  return fields[2] === undefined ? undefined : Number(fields[2]);
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // it ended meanwhile
  }
}

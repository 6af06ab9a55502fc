/** What there is to know of browsers' processes. Most of it comes from /proc, and is empty elsewhere than on Linux. */
import { readFileSync, readdirSync } from 'node:fs';

/**
 * A process and all that descend from it. It reads of them alone: to go through all processes of a machine takes a
 * hundred times as long where there are thousands.
 */
export function familyOf(pid: number): number[] {
  const children = namesIn(`/proc/${pid}/task`).flatMap((thread) => textOf(`/proc/${pid}/task/${thread}/children`).split(' ').filter(Boolean));
  return [pid, ...children.flatMap((child) => familyOf(Number(child)))];
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

/** Whether this process carries a browser's network. */
export function isNetworkProcess(pid: number): boolean {
  return textOf(`/proc/${pid}/cmdline`).includes('--utility-sub-type=network.');
}

/**
 * Groups of the browsers whose profile stands beneath `folder`, in a directory that `isOurs` knows by its name. It goes
 * through all processes of the machine.
 */
export function groupsUsing(folder: string, isOurs: (name: string) => boolean): number[] {
  const start = `--user-data-dir=${folder}/`;
  const uses = (word: string): boolean => word.startsWith(start) && isOurs(word.slice(start.length).split('/', 1)[0] ?? '');
  const pids = namesIn('/proc').filter((name) => /^\d+$/.test(name)).map(Number);
  const using = pids.filter((pid) => textOf(`/proc/${pid}/cmdline`).split('\0').some(uses));
  return [...new Set(using.map(statGroup))].filter((group) => group !== undefined);
}

/** Kills all processes of a group, unless it is our own. */
export function killGroup(group: number): void {
  // To the system 0 is our own group, and -1, which 1 would become, is every process there is.
  if (group <= 1 || group === statGroup(process.pid)) return;
  try {
    process.kill(-group, 'SIGKILL');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ESRCH' && code !== 'EPERM') throw error; // gone already, or its number is another user's by now
  }
}

function statGroup(pid: number): number | undefined {
  const fields = textOf(`/proc/${pid}/stat`).replace(/^.*\) /s, '').split(' ');
  return fields[2] === undefined ? undefined : Number(fields[2]);
}

/** Empty elsewhere than on Linux, and when the process has ended meanwhile. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

import { readFileSync, readdirSync } from 'node:fs';
import { familyOf } from '../../render-server/src/browsers/processes.ts';

/** The state letter of a process as the kernel has it, for example Z for a zombie; undefined when there is none. */
export function stateOf(pid: number): string | undefined {
  return statOf(pid)?.[0];
}

/** Whether a process runs or could: zombies do not. */
export function isAlive(pid: number): boolean {
  return !['Z', 'X', undefined].includes(stateOf(pid));
}

/** Zombies that are children of this process or belong to one of the process groups. */
export function zombies(groups: ReadonlySet<number> = new Set()): number[] {
  return pids().filter((pid) => {
    const [state, parent, group] = statOf(pid) ?? [];
    return state === 'Z' && (Number(parent) === process.pid || groups.has(Number(group)));
  });
}

/** All processes of the machine, by process group. */
export function readGroups(): Map<number, number[]> {
  return Map.groupBy(pids().filter((pid) => statOf(pid)), (pid) => Number(statOf(pid)?.[2]));
}

/** A browser's processes that were started with this, for example `--type=renderer`. */
export function partsOf(pid: number, part: string): number[] {
  return familyOf(pid).filter((member) => commandOf(member).includes(part));
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

function pids(): number[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number);
}

/** Fields of /proc/<pid>/stat from the state on. */
function statOf(pid: number): string[] | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ');
  } catch {
    return undefined;
  }
}

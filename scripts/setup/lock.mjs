/** A lock between processes of one machine that outlives none of them. */
import { mkdirSync, readdirSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const HOUR = 3_600_000;

/**
 * Waits until no other process holds the lock. It is a folder with one file, named after the process that holds it:
 * renamed into place it is never seen empty, and to take over a dead one removes that one's file and no other's.
 * @param path the folder, which is gone again once the lock is free
 * @param onWait told once which process is waited for
 * @returns what frees the lock; the end of this process does so too
 * @throws Error when the folder cannot be made, or another holds it for an hour
 */
export async function lock(path, onWait) {
  const mine = `${path}-${process.pid}`;
  const unlock = () => release(path, String(process.pid));
  process.on('exit', () => {
    rmSync(mine, { recursive: true, force: true });
    unlock();
  });
  mkdirSync(mine, { recursive: true });
  writeFileSync(join(mine, String(process.pid)), '');
  const until = Date.now() + HOUR;
  for (let told = false; !isRenamed(mine, path); await sleep(200)) {
    const [holder] = entriesOf(path);
    if (Date.now() > until) throw new Error(`Process ${holder} has held ${path} for an hour: stop it, or delete that folder.`);
    if (!isOther(holder)) {
      release(path, holder);
    } else if (!told) {
      onWait(holder);
      told = true;
    }
  }
  return unlock;
}

/** Notes in a folder that this process runs; the note goes with it. */
export function noteProcess(folder) {
  const note = join(folder, String(process.pid));
  process.on('exit', () => rmSync(note, { force: true }));
  mkdirSync(folder, { recursive: true });
  writeFileSync(note, '');
}

/** @returns the ids of the other processes noted in a folder that run still */
export function processesIn(folder) {
  return entriesOf(folder).filter(isOther);
}

function entriesOf(folder) {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function isRenamed(from, to) {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    if (['ENOTEMPTY', 'EEXIST', 'EPERM'].includes(error.code)) return false;
    throw error;
  }
}

function release(path, pid) {
  try {
    if (pid !== undefined) rmSync(join(path, pid), { force: true });
    rmdirSync(path);
  } catch {
    // Free already, or held by another by now.
  }
}

/** Whether that process runs and is not this one, whose id a dead one may have had. */
function isOther(pid) {
  if (pid === undefined || Number(pid) === process.pid) return false;
  try {
    return process.kill(Number(pid), 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** The folder beneath which every browser has a directory of its own: profile, downloads and all its temporary files. */
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { groupsUsing, killGroup } from './processes.ts';

/** Short, because full Chromium puts a socket into it, and a socket's path has at most 107 bytes. */
const PREFIX = 'cro-';

/** With the six characters that mkdtemp appends: whatever else stands in the folder is not ours. */
const isOurs = (name: string): boolean => /^cro-[A-Za-z0-9]{6}$/.test(name);

/** Makes the directory of a browser beneath `folder`. */
export async function makeDirectory(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return mkdtemp(join(folder, PREFIX));
}

/**
 * Ends the browsers that still use a directory of ours in the folder (found on Linux only) and removes these directories.
 * The folder itself stays, since a file system of its own may be mounted there. Only one server holds the folder.
 */
export async function clearFolder(folder: string): Promise<void> {
  for (const group of groupsUsing(folder, isOurs)) killGroup(group);
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  for (const entry of entries) if (entry.isDirectory() && isOurs(entry.name)) await removeDirectory(join(folder, entry.name));
}

/** Ends the browser that uses a directory, also one whose process id is not known, and removes the directory. */
export async function clearDirectory(directory: string): Promise<void> {
  for (const group of groupsUsing(dirname(directory), (name) => name === basename(directory))) killGroup(group);
  await removeDirectory(directory);
}

/** Removes the directory of a browser that has ended or is being killed. */
export async function removeDirectory(directory: string): Promise<void> {
  // A process that is being killed may still make a file: then the directory is not empty after all, and rm tries again.
  await rm(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
}

/** The folder beneath which every browser has a directory of its own: profile, downloads and all its temporary files. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { groupsUsing, killGroup } from './processes.ts';

/** Makes the directory of a browser beneath `folder`. */
export async function makeDirectory(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  // Short, because full Chromium puts a socket into it, and a socket's path has at most 107 bytes.
  return mkdtemp(join(folder, 'b'));
}

/**
 * Removes a folder of browsers, or the directory of one, with all that stands in it, and ends the browsers that still
 * use it (found on Linux only). Two browsers never share one, and only one server holds the folder.
 */
export async function clear(folder: string): Promise<void> {
  for (const group of groupsUsing(folder)) killGroup(group);
  // A process that is being killed may still make a file: then the folder is not empty after all, and rm tries again.
  await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
}

/** What is there of a server's browsers while it serves nobody. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ServerProcess } from '../server-process.mts';
import { ROOT, browserProcesses } from './chaos.mts';

export interface Presence {
  /** Browsers. */
  browsers: number;
  /** Processes that hold pages. */
  renderers: number;
  /** Directories of browsers. */
  directories: number;
  /** Resident memory of all processes of the browsers. */
  bytes: number;
}

/** Counts them now. It is the kernel that is asked, not the server. */
export function presenceOf(server: ServerProcess): Presence {
  const processes = browserProcesses(server);
  const count = (wanted: string): number => processes.filter(({ kind }) => kind === wanted).length;
  const bytes = server.browsers().reduce((sum, { rss }) => sum + rss, 0);
  return { bytes, browsers: count(ROOT), renderers: count('renderer'), directories: readdirSync(join(server.dataDir, 'browsers')).length };
}

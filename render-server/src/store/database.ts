import Sqlite from 'better-sqlite3';
import { Kysely, SqliteDialect, type Generated, type Transaction as KyselyTransaction } from 'kysely';
import { Migrator } from 'kysely/migration';
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { RenderError } from '../errors.ts';
import { migrations } from './migrations.ts';

export interface JobRow {
  id: string;
  /** Order of submitting. */
  number: Generated<number>;
  owner: string;
  /** Address of the client that submitted it; empty for jobs from before it was kept. */
  ip: Generated<string>;
  /** An OnLost. */
  on_lost: Generated<string>;
  batch: string | null;
  idempotency_key: string;
  /** JSON of the AnalysisRequest, without its webhook. */
  request: string;
  stage: string;
  attempts: number;
  /** Milliseconds since the epoch, here and below. */
  created_at: number;
  leased_at: number | null;
  ended_at: number | null;
  /** JSON of the AnalysisResult of a job that is done. */
  result: string | null;
  /** JSON of the WireError of a job that failed. */
  error: string | null;
  /** JSON of the Summary of a job that is done. */
  summary: string | null;
  /** What its analyst has cost so far, and what is set aside for calls under way. */
  spent_usd: Generated<number>;
}

export interface ArtifactRow {
  id: string;
  job: string;
  owner: string;
  /** JSON of the Artifact. */
  artifact: string;
  bytes: Generated<number>;
}

export interface BatchRow {
  id: string;
  owner: string;
  idempotency_key: string;
  /** Hash of its requests: the same key with other requests is a mistake. */
  digest: string;
  created_at: number;
  ended_at: number | null;
  /** Jobs that have not ended. */
  open: Generated<number>;
  /** JSON of the BatchCounts at its end; they stay when its jobs are removed. */
  counts: string | null;
}

/** An end that subscribers are told, in the order in which ends were stored. */
export interface EventRow {
  /** Grows, and is never used twice, also after the newest events were removed. */
  number: Generated<number>;
  owner: string;
  /** The job or the batch that ended; the event is removed with it. */
  subject: string;
  /** JSON of the EndedEvent without its number. */
  body: string;
  created_at: number;
}

export interface WebhookRow {
  id: string;
  owner: string;
  /** The job or the batch whose end it tells. */
  subject: string;
  url: string;
  /** Empty once it is no longer needed. */
  secret: string;
  /** waiting (its subject is open), due, delivered or failed. */
  state: string;
  /** When it is tried next; null when it is not. */
  next_at: number | null;
  created_at: number;
  /** When its subject ended: it is tried for a day from then. */
  ended_at: number | null;
  /** JSON of the attempts. */
  log: string;
}

/** What was used on a day of UTC by a key, an address, or all together. */
export interface UsageRow {
  /** For example 2026-11-23. */
  day: string;
  /** `total`, `key:` and the owner, or `ip:` and the address. */
  scope: string;
  jobs: Generated<number>;
  usd: Generated<number>;
}

export interface Tables {
  jobs: JobRow;
  artifacts: ArtifactRow;
  batches: BatchRow;
  events: EventRow;
  webhooks: WebhookRow;
  usage: UsageRow;
}

export type Database = Kysely<Tables>;
export type Transaction = KyselyTransaction<Tables>;

/**
 * Node's own recursive mkdir never ends where a folder that is there takes no new one and says that it is missing, as /proc does.
 * @throws RenderError internal, reason data_dir
 */
function makeFolder(folder: string): void {
  const missing: string[] = [];
  for (let path = resolve(folder); !existsSync(path); path = dirname(path)) missing.unshift(path);
  try {
    for (const path of missing) mkdirSync(path);
    if (!statSync(folder).isDirectory()) throw new Error('A folder was expected where there is a file');
  } catch (error) {
    throw new RenderError('internal', `The data folder ${folder} cannot be made: ${(error as Error).message}. Set CRO_DATA_DIR to a folder that the server may write.`, { reason: 'data_dir', cause: error });
  }
}

/**
 * Opens the database in the data folder and brings it up to date. The exclusive lock that it takes is the lock of the
 * whole folder: it goes with the process, however that ends.
 * @throws RenderError internal, reason data_dir_in_use, when another server holds the folder; reason data_dir_not_ours
 * when there is no database, but something in a folder that the server would clear
 */
export async function openDatabase(dataDir: string): Promise<Database> {
  makeFolder(dataDir);
  const file = join(dataDir, 'cro.sqlite');
  if (!existsSync(file)) refuseForeign(dataDir);
  const sqlite = new Sqlite(file, { timeout: 1_000 });
  try {
    sqlite.pragma('locking_mode = EXCLUSIVE');
    sqlite.pragma('auto_vacuum = FULL'); // of a new file: what is removed goes back to the file system
    sqlite.pragma('journal_mode = WAL');
    sqlite.pragma('synchronous = FULL'); // an acknowledged job survives power loss
    sqlite.exec('BEGIN EXCLUSIVE; COMMIT');
  } catch (error) {
    sqlite.close();
    if (error instanceof Sqlite.SqliteError && error.code.startsWith('SQLITE_BUSY')) {
      throw new RenderError('internal', `The data folder ${dataDir} is in use by another server. Set CRO_DATA_DIR to a folder of its own.`, { reason: 'data_dir_in_use', cause: error });
    }
    throw error;
  }
  const database: Database = new Kysely<Tables>({ dialect: new SqliteDialect({ database: sqlite }) });
  const { error } = await new Migrator({ db: database, provider: { getMigrations: async () => migrations } }).migrateToLatest();
  if (error) {
    await database.destroy();
    throw error;
  }
  return database;
}

/** A folder without a database may be somebody else's: what stands in it is not to be swept. */
function refuseForeign(dataDir: string): void {
  for (const folder of ['browsers', 'blobs'].map((name) => join(dataDir, name))) {
    if (!existsSync(folder) || readdirSync(folder).length === 0) continue;
    throw new RenderError('internal', `The data folder ${dataDir} has no database, yet there is something in ${folder}. Set CRO_DATA_DIR to a folder of its own, or empty ${folder} yourself.`, { reason: 'data_dir_not_ours' });
  }
}

/** Result codes of SQLite that tell of the disk or the file, not of a mistaken statement (https://www.sqlite.org/rescode.html). */
const BROKEN = /^SQLITE_(?:BUSY|CANTOPEN|CORRUPT|FULL|IOERR|LOCKED|NOMEM|NOTADB|PERM|PROTOCOL|READONLY)(?:_|$)/;

/** Whether an error tells that the database takes no writes at the moment; any other is a mistake of ours. */
export function isStoreFailure(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return false;
  // SQLite ends a transaction by itself when the disk fails; what hides the reason is that it cannot be ended again.
  return BROKEN.test(error.code) || error.message === 'cannot rollback - no transaction is active';
}

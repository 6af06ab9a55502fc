import Sqlite from 'better-sqlite3';
import { Kysely, SqliteDialect, type Generated } from 'kysely';
import { Migrator } from 'kysely/migration';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { RenderError } from '../errors.ts';
import { migrations } from './migrations.ts';

export interface JobRow {
  id: string;
  /** Order of submitting. */
  number: Generated<number>;
  owner: string;
  idempotency_key: string;
  /** JSON of the AnalysisRequest. */
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
}

export interface ArtifactRow {
  id: string;
  job: string;
  owner: string;
  /** JSON of the Artifact. */
  artifact: string;
}

export interface Tables {
  jobs: JobRow;
  artifacts: ArtifactRow;
}

export type Database = Kysely<Tables>;

/**
 * Opens the database in the data folder and brings it up to date. The exclusive lock that it takes is the lock of the
 * whole folder: it goes with the process, however that ends.
 * @throws RenderError internal, reason data_dir_in_use, when another server holds the folder
 */
export async function openDatabase(dataDir: string): Promise<Database> {
  mkdirSync(dataDir, { recursive: true });
  const sqlite = new Sqlite(join(dataDir, 'cro.sqlite'), { timeout: 1_000 });
  try {
    sqlite.pragma('locking_mode = EXCLUSIVE');
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

import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Every change of the database's shape, in order. A released one is never edited. */
export const migrations: Record<string, Migration> = {
  '001_jobs': {
    async up(db: Kysely<unknown>) {
      await db.schema.createTable('jobs')
        .addColumn('number', 'integer', (column) => column.primaryKey().autoIncrement())
        .addColumn('id', 'text', (column) => column.notNull().unique())
        .addColumn('owner', 'text', (column) => column.notNull())
        .addColumn('idempotency_key', 'text', (column) => column.notNull())
        .addColumn('request', 'text', (column) => column.notNull())
        .addColumn('stage', 'text', (column) => column.notNull())
        .addColumn('attempts', 'integer', (column) => column.notNull().defaultTo(0))
        .addColumn('created_at', 'integer', (column) => column.notNull())
        .addColumn('leased_at', 'integer')
        .addColumn('ended_at', 'integer')
        .addColumn('result', 'text')
        .addColumn('error', 'text')
        .addUniqueConstraint('jobs_idempotency', ['owner', 'idempotency_key'])
        .execute();
      await db.schema.createIndex('jobs_open').on('jobs').column('ended_at').execute();
      await db.schema.createTable('artifacts')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('job', 'text', (column) => column.notNull())
        .addColumn('owner', 'text', (column) => column.notNull())
        .addColumn('artifact', 'text', (column) => column.notNull())
        .execute();
    },
  },
};

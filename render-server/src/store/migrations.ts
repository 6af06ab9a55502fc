import { sql, type Kysely } from 'kysely';
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
  '002_core': {
    async up(db: Kysely<unknown>) {
      await db.schema.alterTable('jobs').addColumn('ip', 'text', (column) => column.notNull().defaultTo('')).execute();
      await db.schema.alterTable('jobs').addColumn('on_lost', 'text', (column) => column.notNull().defaultTo('keep')).execute();
      await db.schema.alterTable('jobs').addColumn('batch', 'text').execute();
      await db.schema.alterTable('jobs').addColumn('summary', 'text').execute();
      await db.schema.alterTable('jobs').addColumn('spent_usd', 'real', (column) => column.notNull().defaultTo(0)).execute();
      await db.schema.createIndex('jobs_batch').on('jobs').columns(['batch', 'stage']).execute();
      await db.schema.createIndex('jobs_owner').on('jobs').columns(['owner', 'number']).execute();
      await db.schema.alterTable('artifacts').addColumn('bytes', 'integer', (column) => column.notNull().defaultTo(0)).execute();
      await sql`update artifacts set bytes = json_extract(artifact, '$.bytes')`.execute(db);
      await db.schema.createIndex('artifacts_job').on('artifacts').columns(['job', 'bytes']).execute();
      await sql`create table artifacts_total as select coalesce(sum(bytes), 0) as bytes from artifacts`.execute(db);
      await sql`create trigger artifacts_added after insert on artifacts
        begin update artifacts_total set bytes = bytes + new.bytes; end`.execute(db);
      await sql`create trigger artifacts_removed after delete on artifacts
        begin update artifacts_total set bytes = bytes - old.bytes; end`.execute(db);
      await db.schema.createTable('batches')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('owner', 'text', (column) => column.notNull())
        .addColumn('idempotency_key', 'text', (column) => column.notNull())
        .addColumn('digest', 'text', (column) => column.notNull())
        .addColumn('created_at', 'integer', (column) => column.notNull())
        .addColumn('ended_at', 'integer')
        .addColumn('open', 'integer', (column) => column.notNull().defaultTo(0))
        .addColumn('counts', 'text')
        .addUniqueConstraint('batches_idempotency', ['owner', 'idempotency_key'])
        .execute();
      await db.schema.createTable('events')
        .addColumn('number', 'integer', (column) => column.primaryKey().autoIncrement())
        .addColumn('owner', 'text', (column) => column.notNull())
        .addColumn('subject', 'text', (column) => column.notNull())
        .addColumn('body', 'text', (column) => column.notNull())
        .addColumn('created_at', 'integer', (column) => column.notNull())
        .execute();
      await db.schema.createIndex('events_owner').on('events').columns(['owner', 'number']).execute();
      await db.schema.createIndex('events_subject').on('events').column('subject').execute();
      await db.schema.createTable('webhooks')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('owner', 'text', (column) => column.notNull())
        .addColumn('subject', 'text', (column) => column.notNull().unique())
        .addColumn('url', 'text', (column) => column.notNull())
        .addColumn('secret', 'text', (column) => column.notNull())
        .addColumn('state', 'text', (column) => column.notNull())
        .addColumn('next_at', 'integer')
        .addColumn('created_at', 'integer', (column) => column.notNull())
        .addColumn('ended_at', 'integer')
        .addColumn('log', 'text', (column) => column.notNull())
        .execute();
      await db.schema.createIndex('webhooks_due').on('webhooks').columns(['state', 'next_at']).execute();
      await db.schema.createTable('usage')
        .addColumn('day', 'text', (column) => column.notNull())
        .addColumn('scope', 'text', (column) => column.notNull())
        .addColumn('jobs', 'integer', (column) => column.notNull().defaultTo(0))
        .addColumn('usd', 'real', (column) => column.notNull().defaultTo(0))
        .addPrimaryKeyConstraint('usage_key', ['day', 'scope'])
        .execute();
    },
  },
};

import { sql } from 'kysely';
import type { Database, Transaction } from './database.ts';

/** What one scope used on one day. */
export interface Used { jobs: number; usd: number }

/** The day of UTC that a moment belongs to, such as 2026-11-23. */
export function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

/** Adds to what some scopes used on a day; within the transaction that stores what was used. */
export async function addUsage(db: Database | Transaction, day: string, scopes: readonly string[], used: Used): Promise<void> {
  if (scopes.length === 0) return;
  await db.insertInto('usage').values(scopes.map((scope) => ({ day, scope, ...used })))
    .onConflict((conflict) => conflict.columns(['day', 'scope']).doUpdateSet((eb) => ({
      jobs: eb('usage.jobs', '+', eb.ref('excluded.jobs')),
      usd: eb('usage.usd', '+', eb.ref('excluded.usd')),
    }))).execute();
}

/** Jobs and dollars by day and scope. */
export class UsageStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** What every scope used on a day. */
  async of(day: string): Promise<Map<string, Used>> {
    const rows = await this.#db.selectFrom('usage').selectAll().where('day', '=', day).execute();
    return new Map(rows.map(({ scope, jobs, usd }) => [scope, { jobs, usd }]));
  }

  /**
   * Sets dollars aside before they are spent, for a job and for all that it counts under, so that a crash forgets none.
   * @param usd less than 0 to give back what was not spent
   */
  async reserve(day: string, scopes: readonly string[], job: string, usd: number): Promise<void> {
    await this.#db.transaction().execute(async (trx) => {
      await addUsage(trx, day, scopes, { jobs: 0, usd });
      await trx.updateTable('jobs').set((eb) => ({ spent_usd: eb('spent_usd', '+', usd) })).where('id', '=', job).execute();
    });
  }

  /** Writes something that nobody reads: whether the database takes writes at all. */
  async probe(): Promise<void> {
    await sql`insert into usage (day, scope, jobs, usd) values ('0000-00-00', 'probe', 1, 0)
      on conflict (day, scope) do update set jobs = 1 - usage.jobs`.execute(this.#db);
  }
}

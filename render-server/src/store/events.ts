import type { EndedEvent } from '@cro-analyzer/protocol/messages';
import type { Database, Transaction } from './database.ts';

type WithoutNumber<T> = T extends { event: number } ? Omit<T, 'event'> : T;

/** An end as subscribers are told it, before it has its number. */
export type NewEvent = WithoutNumber<EndedEvent>;

/** Stores an event within the transaction that makes it true. */
export async function addEvent(trx: Transaction, owner: string, event: NewEvent): Promise<void> {
  const subject = event.type === 'ended' ? event.job : event.batch;
  await trx.insertInto('events').values({ owner, subject, body: JSON.stringify(event), created_at: Date.now() }).execute();
}

/** The owner's ends, by the number in which they were stored. */
export class EventStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Number of the owner's last event; 0 when there was none. */
  async last(owner: string): Promise<number> {
    const row = await this.#db.selectFrom('events').select((eb) => eb.fn.max('number').as('last')).where('owner', '=', owner).executeTakeFirst();
    return Number(row?.last ?? 0);
  }

  /** The owner's events after a number, oldest first. */
  async after(owner: string, number: number, limit: number): Promise<EndedEvent[]> {
    const rows = await this.#db.selectFrom('events').select(['number', 'body'])
      .where('owner', '=', owner).where('number', '>', number).orderBy('number').limit(limit).execute();
    return rows.map((row) => ({ ...(JSON.parse(row.body) as NewEvent), event: row.number }));
  }
}

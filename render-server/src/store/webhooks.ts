import { randomBytes } from 'node:crypto';
import type { Webhook } from '@cro-analyzer/protocol/messages';
import type { Selectable } from 'kysely';
import type { Database, Transaction, WebhookRow } from './database.ts';

/** `waiting` while its subject is open, `due` until it is `delivered` or has `failed` for good. */
export type WebhookState = 'waiting' | 'due' | 'delivered' | 'failed';

/** One try to deliver a message: the answer's status, or in a word why there was none that counts. */
export interface Attempt {
  /** When it began, in ms since the epoch. */
  at: number;
  status?: number;
  error?: string;
  ms: number;
}

/** What the owner is shown: never the secret. */
export interface WebhookLog {
  url: string;
  state: WebhookState;
  /** When it is tried next, in ms since the epoch; null when it is not. */
  nextAt: number | null;
  /** The last 50, oldest first. */
  attempts: Attempt[];
}

/** A message that is to be sent. */
export interface DueWebhook {
  /** The same for every attempt: by it the receiver knows a repeat. */
  id: string;
  owner: string;
  subject: string;
  url: string;
  secret: string;
  /** When its subject ended, in ms since the epoch. */
  endedAt: number;
  attempts: Attempt[];
}

const MAX_ATTEMPTS_KEPT = 50;

/** Stores a webhook with its job or batch, in the transaction that stores these. */
export async function addWebhook(db: Database | Transaction, { owner, subject, webhook }: { owner: string; subject: string; webhook: Webhook }): Promise<void> {
  await db.insertInto('webhooks').values({
    id: `msg_${randomBytes(12).toString('hex')}`,
    owner, subject, url: webhook.url, secret: webhook.secret,
    state: 'waiting', next_at: null, created_at: Date.now(), ended_at: null, log: '[]',
  }).execute();
}

/**
 * Makes the webhook of a job or batch due, in the transaction that stores its end.
 * @param now when it ended, in ms since the epoch
 * @returns whether there is one: then the sender wants to be woken
 */
export async function makeDue(db: Database | Transaction, subject: string, now: number): Promise<boolean> {
  const { numUpdatedRows } = await db.updateTable('webhooks').set({ state: 'due', next_at: now, ended_at: now })
    .where('subject', '=', subject).where('state', '=', 'waiting').executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** The stored truth about webhooks: what is due survives a restart. */
export class WebhookStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** How the webhook of a job or batch stands, if the owner has one. */
  async find(owner: string, subject: string): Promise<WebhookLog | undefined> {
    const row = await this.#db.selectFrom('webhooks').select(['url', 'state', 'next_at', 'log'])
      .where('subject', '=', subject).where('owner', '=', owner).executeTakeFirst();
    return row && { url: row.url, state: row.state as WebhookState, nextAt: row.next_at, attempts: attemptsOf(row) };
  }

  /** The webhook that has been due longest, other than these and those of these owners. */
  async nextDue(now: number, except: { ids: readonly string[]; owners: readonly string[] }): Promise<DueWebhook | undefined> {
    const row = await this.#db.selectFrom('webhooks').selectAll()
      .where('state', '=', 'due').where('next_at', '<=', now).where('id', 'not in', except.ids).where('owner', 'not in', except.owners)
      .orderBy('next_at').limit(1).executeTakeFirst();
    return row && { id: row.id, owner: row.owner, subject: row.subject, url: row.url, secret: row.secret, endedAt: row.ended_at ?? row.created_at, attempts: attemptsOf(row) };
  }

  /** When the first webhook becomes due after `now`, in ms since the epoch. */
  async dueAfter(now: number): Promise<number | undefined> {
    const row = await this.#db.selectFrom('webhooks').select('next_at')
      .where('state', '=', 'due').where('next_at', '>', now).orderBy('next_at').limit(1).executeTakeFirst();
    return row?.next_at ?? undefined;
  }

  /** Notes an attempt and what follows from it: another one at `nextAt`, or the end, with which the secret is erased. */
  async record(webhook: DueWebhook, attempt: Attempt, next: { state: 'delivered' | 'failed' } | { state: 'due'; nextAt: number }): Promise<void> {
    await this.#db.updateTable('webhooks')
      .set({
        state: next.state,
        next_at: next.state === 'due' ? next.nextAt : null,
        log: JSON.stringify([...webhook.attempts, attempt].slice(-MAX_ATTEMPTS_KEPT)),
        ...(next.state === 'due' ? {} : { secret: '' }),
      })
      .where('id', '=', webhook.id).execute();
  }
}

function attemptsOf(row: Pick<Selectable<WebhookRow>, 'log'>): Attempt[] {
  return JSON.parse(row.log) as Attempt[];
}

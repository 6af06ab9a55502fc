import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises';
import { sql } from 'kysely';
import type { Logger } from 'pino';
import type { Blobs } from '../blobs/blobs.ts';
import type { Database } from './database.ts';
import { dayOf } from './usage.ts';

export interface RetentionOptions {
  readonly database: Database;
  readonly blobs: Blobs;
  /** Age at which ended jobs are removed. */
  readonly days: number;
  /** Size of artifacts and database above which the oldest ended jobs are removed. */
  readonly maxBytes: number;
  readonly logger: Logger;
}

const DAY_MS = 86_400_000;
const EVERY_MS = 60_000;
/** Jobs that one transaction removes: other writes wait for no more than that. */
const STEP = 25;
const FOLDERS_STEP = 500;
/** Down to this part of the limit, so that not every new job removes an old one. */
const LOW_WATER = 0.9;

interface Removable { id: string; batch: string | null; bytes: number }

/**
 * Removes ended jobs when they are too old or the data is too large, with all that belongs to them. Open jobs and
 * what has ended of an open batch are never touched. A webhook that is still due (for a day at most) keeps its job from
 * age; from size it goes last.
 */
export class Retention {
  readonly #options: RetentionOptions;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;

  constructor(options: RetentionOptions) {
    this.#options = options;
  }

  /** Sweeps at once and then every minute. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Returns when no step is under way any more. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    let swept = false;
    while (!signal.aborted) {
      swept ||= await this.sweepOrphans().then(() => true, this.#report);
      await this.sweep(Date.now()).catch(this.#report);
      await delay(EVERY_MS, undefined, { signal, ref: false }).catch(() => {});
    }
  }

  readonly #report = (error: unknown): false => {
    this.#options.logger.error({ err: error }, 'old data could not be removed; trying again in a minute');
    return false;
  };

  /** Removes blobs whose job is gone: an attempt that outlived its job, or a power loss, can leave such. */
  async sweepOrphans(): Promise<void> {
    const { database, blobs } = this.#options;
    // Before the jobs are read: a folder that comes later has a job. One by another name is not ours.
    const folders = (await blobs.list()).filter((name) => name.startsWith('job_'));
    for (let from = 0; from < folders.length && !this.#stopping.signal.aborted; from += FOLDERS_STEP) {
      const some = folders.slice(from, from + FOLDERS_STEP);
      const known = new Set((await database.selectFrom('jobs').select('id').where('id', 'in', some).execute()).map(({ id }) => id));
      for (const folder of some) if (!known.has(folder)) await blobs.remove(folder);
      await turn();
    }
  }

  /**
   * Removes what is too old, and then the oldest until the data is small enough.
   * @param now in ms since the epoch
   */
  async sweep(now: number): Promise<void> {
    const { database, days, logger } = this.#options;
    const cutoff = now - days * DAY_MS;
    const aged = await this.#removeAged(cutoff);
    const crowded = await this.#removeCrowded();
    await database.deleteFrom('usage').where('day', '<', dayOf(cutoff)).execute();
    if (aged + crowded > 0) logger.info({ tooOld: aged, tooLarge: crowded }, 'removed ended jobs');
  }

  async #removeAged(cutoff: number): Promise<number> {
    let removed = 0;
    while (!this.#stopping.signal.aborted) {
      const jobs = await this.#oldest({ due: false, before: cutoff });
      if (jobs.length === 0) break;
      await this.#remove(jobs);
      removed += jobs.length;
    }
    return removed;
  }

  async #removeCrowded(): Promise<number> {
    const { maxBytes, logger } = this.#options;
    let removed = 0;
    let size = await this.#size();
    if (size <= maxBytes) return 0;
    while (size > maxBytes * LOW_WATER && !this.#stopping.signal.aborted) {
      const free = await this.#oldest({ due: false });
      const jobs = enough(free.length > 0 ? free : await this.#oldest({ due: true }), size - maxBytes * LOW_WATER);
      if (jobs.length === 0) {
        logger.warn({ bytes: size, maxBytes }, 'the data is larger than CRO_DATA_MAX_GB, and no ended job is left to remove');
        break;
      }
      await this.#remove(jobs);
      removed += jobs.length;
      size = await this.#size();
    }
    return removed;
  }

  /** Bytes of all artifacts and of the database's pages in use. */
  async #size(): Promise<number> {
    const { rows } = await sql<{ bytes: number }>`
      select (select bytes from artifacts_total) + (page_count - freelist_count) * page_size as bytes
      from pragma_page_count, pragma_freelist_count, pragma_page_size`.execute(this.#options.database);
    return rows[0]?.bytes ?? 0;
  }

  /** Ended jobs that may go, oldest first. */
  async #oldest({ due, before }: { due: boolean; before?: number }): Promise<Removable[]> {
    const rows = await this.#options.database.selectFrom('jobs')
      .select([
        'id', 'batch',
        sql<number>`coalesce(octet_length(result), 0) + (select coalesce(sum(bytes), 0) from artifacts where job = jobs.id)`.as('bytes'),
      ])
      .where('ended_at', 'is not', null)
      .$if(before !== undefined, (query) => query.where('ended_at', '<', before ?? 0))
      .where(({ not, exists, selectFrom }) => not(exists(
        selectFrom('batches').select('id').whereRef('batches.id', '=', 'jobs.batch').where('batches.ended_at', 'is', null))))
      .where(({ not, exists, selectFrom }) => {
        const message = exists(selectFrom('webhooks').select('webhooks.id').where('state', '=', 'due')
          .where((eb) => eb.or([eb('subject', '=', eb.ref('jobs.id')), eb('subject', '=', eb.ref('jobs.batch'))])));
        return due ? message : not(message);
      })
      .orderBy('ended_at').limit(STEP).execute();
    return rows;
  }

  /**
   * One step: the blobs, then the rows in one transaction, then a turn for everything else. The blobs go first because
   * on a full disk no row can be removed before there is room; after a kill in between, the next sweep finds the rows.
   */
  async #remove(jobs: readonly Removable[]): Promise<void> {
    const { database, blobs } = this.#options;
    const ids = jobs.map(({ id }) => id);
    const batches = [...new Set(jobs.flatMap(({ batch }) => batch ?? []))];
    for (const id of ids) await blobs.remove(id);
    await database.transaction().execute(async (trx) => {
      await trx.deleteFrom('artifacts').where('job', 'in', ids).execute();
      await trx.deleteFrom('webhooks').where('subject', 'in', ids).execute();
      await trx.deleteFrom('jobs').where('id', 'in', ids).execute();
      await trx.deleteFrom('events').where('subject', 'in', ids).execute();
      if (batches.length === 0) return;
      const gone = await trx.deleteFrom('batches').where('id', 'in', batches)
        .where(({ not, exists, selectFrom }) => not(exists(selectFrom('jobs').select('jobs.id').whereRef('jobs.batch', '=', 'batches.id'))))
        .returning('id').execute();
      if (gone.length === 0) return;
      const goneIds = gone.map(({ id }) => id);
      await trx.deleteFrom('webhooks').where('subject', 'in', goneIds).execute();
      await trx.deleteFrom('events').where('subject', 'in', goneIds).execute();
    });
    await turn();
  }
}

/** As many from the front as free so many bytes. */
function enough(jobs: readonly Removable[], bytes: number): Removable[] {
  let freed = 0;
  return jobs.filter((job) => {
    const wanted = freed < bytes;
    freed += job.bytes;
    return wanted;
  });
}

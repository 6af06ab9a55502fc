import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { AllowList } from '../addresses.ts';
import type { Resolver } from '../browsers/dns.ts';
import type { Attempt, DueWebhook, WebhookStore } from '../store/webhooks.ts';
import { signerOf } from './check.ts';
import { encode, type Message } from './payload.ts';
import { post } from './post.ts';

/** When a message is tried. */
export interface Schedule {
  /** Pauses after the first, second, ... failed attempt; the last one holds for all that follow. */
  readonly pausesMs: readonly number[];
  /** Time for one attempt. */
  readonly attemptMs: number;
  /** How long after the end of its subject a message is tried. */
  readonly giveUpMs: number;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

export const SCHEDULE: Schedule = {
  pausesMs: [5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR],
  attemptMs: 15 * SECOND,
  giveUpMs: 24 * HOUR,
};

export interface SenderOptions {
  readonly store: WebhookStore;
  /** Loads the message about a job or batch; undefined when there is nothing to tell any more. */
  readonly payload: (subject: string) => Promise<Message | undefined>;
  /** Private hosts that webhooks may reach (`CRO_WEBHOOK_ALLOW_HOSTS`). */
  readonly allow: AllowList;
  readonly resolver: Resolver;
  readonly logger: Logger;
  /** SCHEDULE when not given. */
  readonly schedule?: Schedule;
}

/** Messages on their way at the same time; receivers of one key that hang leave room for those of others. */
const PARALLEL = 16;
const PARALLEL_PER_OWNER = 8;
/** Pauses are up to this part shorter or longer, so that what failed together is not tried together for ever. */
const JITTER = 0.1;
/** Longest time without a look into the store. */
const LOOK_MS = MINUTE;
const STORE_RETRY_MS = 250;
const STORE_RETRY_MAX_MS = 10_000;

/** What is done with a message after an attempt. */
type Next = Parameters<WebhookStore['record']>[2];

/**
 * Sends what is due until it is delivered or has failed for good. Where it stands is in the store, so that a restarted
 * server goes on with it. A message can arrive more than once, always under the same `webhook-id`.
 */
export class WebhookSender {
  readonly #options: SenderOptions;
  readonly #schedule: Schedule;
  readonly #sending = new Map<string, { owner: string; sent: Promise<void> }>();
  readonly #stopping = new AbortController();
  #woken = Promise.withResolvers<void>();
  #running: Promise<void> | undefined;

  constructor(options: SenderOptions) {
    this.#options = options;
    this.#schedule = options.schedule ?? SCHEDULE;
  }

  /** Begins with what an earlier server left. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Looks at once for what has become due. */
  wake(): void {
    this.#woken.resolve();
  }

  /** Cuts off what is on its way: it stays due, and the next start sends it again. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.wake();
    await this.#running;
    await Promise.all([...this.#sending.values()].map(({ sent }) => sent));
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      this.#woken = Promise.withResolvers();
      const pause = await this.#sendDue().catch((error: unknown) => {
        this.#options.logger.error({ err: error }, 'webhooks cannot be read from the store; trying again');
        return STORE_RETRY_MAX_MS;
      });
      const alarm = setTimeout(this.#woken.resolve, pause);
      await this.#woken.promise;
      clearTimeout(alarm);
    }
  }

  /** Sends as many as there is room for. Returns after how many ms the next becomes due. */
  async #sendDue(): Promise<number> {
    const now = Date.now();
    while (this.#sending.size < PARALLEL && !this.#stopping.signal.aborted) {
      const due = await this.#options.store.nextDue(now, { ids: [...this.#sending.keys()], owners: this.#busyOwners() });
      if (!due) break;
      const sent = this.#send(due).finally(() => {
        this.#sending.delete(due.id);
        this.wake();
      });
      this.#sending.set(due.id, { owner: due.owner, sent });
    }
    const next = await this.#options.store.dueAfter(now);
    return next === undefined ? LOOK_MS : Math.min(Math.max(next - Date.now(), 0), LOOK_MS);
  }

  #busyOwners(): string[] {
    const counts = new Map<string, number>();
    for (const { owner } of this.#sending.values()) counts.set(owner, (counts.get(owner) ?? 0) + 1);
    return [...counts].filter(([, count]) => count >= PARALLEL_PER_OWNER).map(([owner]) => owner);
  }

  /** One attempt, and its note in the store. Never rejects. */
  async #send(webhook: DueWebhook): Promise<void> {
    const at = Date.now();
    const { subject, attempts } = webhook;
    const outcome = await this.#attempt(webhook).catch((error: unknown) => {
      this.#options.logger.error({ subject, err: error }, 'the message of a webhook cannot be made');
      return { error: 'internal' };
    });
    if (!outcome) return;
    const attempt: Attempt = { at, ...outcome, ms: Date.now() - at };
    const next = this.#next(webhook, attempt);
    const facts = { subject, host: URL.parse(webhook.url)?.host, attempt: attempts.length + 1, status: attempt.status, error: attempt.error };
    if (next.state === 'failed') this.#options.logger.warn(facts, 'a webhook was not delivered, and is not tried again');
    else this.#options.logger.debug(facts, next.state === 'due' ? 'a webhook was not delivered' : 'a webhook was delivered');
    await this.#record(webhook, attempt, next);
  }

  /** Undefined when the server stopped before anything came of it. */
  async #attempt(webhook: DueWebhook): Promise<Pick<Attempt, 'status' | 'error'> | undefined> {
    const message = await this.#options.payload(webhook.subject);
    if (!message) return { error: 'gone' };
    const body = encode(message);
    const now = new Date();
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      'user-agent': 'cro-analyzer',
      'webhook-id': webhook.id,
      'webhook-timestamp': Math.floor(now.getTime() / SECOND),
      'webhook-signature': signerOf(webhook.secret).sign(webhook.id, now, body),
    };
    const stopping = this.#stopping.signal;
    const answer = await post(webhook.url, { headers, body }, this.#options, AbortSignal.any([AbortSignal.timeout(this.#schedule.attemptMs), stopping]));
    return stopping.aborted && answer.status === undefined ? undefined : answer;
  }

  #next({ endedAt, attempts }: DueWebhook, { status = 0, error }: Attempt): Next {
    if (status >= 200 && status < 300) return { state: 'delivered' };
    if (status === 410 || error === 'gone') return { state: 'failed' };
    const { pausesMs, giveUpMs } = this.#schedule;
    const pause = (pausesMs[attempts.length] ?? pausesMs.at(-1) ?? 0) * (1 - JITTER + 2 * JITTER * Math.random());
    const nextAt = Date.now() + Math.round(pause);
    return nextAt > endedAt + giveUpMs ? { state: 'failed' } : { state: 'due', nextAt };
  }

  /** Writes until the store takes it; when the server must go first, the message is sent again after the next start. */
  async #record(webhook: DueWebhook, attempt: Attempt, next: Next): Promise<void> {
    const { store, logger } = this.#options;
    for (let pause = STORE_RETRY_MS; ; pause = Math.min(pause * 2, STORE_RETRY_MAX_MS)) {
      try {
        return await store.record(webhook, attempt, next);
      } catch (error) {
        logger.error({ subject: webhook.subject, err: error, pauseMs: pause }, 'the store did not take a write; trying again');
        const { signal } = this.#stopping;
        if (signal.aborted) return;
        await delay(pause, undefined, { signal }).catch(() => {});
      }
    }
  }
}

import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { AllowList } from '../../render-server/src/addresses.ts';
import { createResolver, type Resolver } from '../../render-server/src/browsers/dns.ts';
import { openDatabase, type Database } from '../../render-server/src/store/database.ts';
import { addWebhook, makeDue, WebhookStore, type Attempt } from '../../render-server/src/store/webhooks.ts';
import { SCHEDULE, WebhookSender, type Schedule, type SenderOptions } from '../../render-server/src/webhooks/sender.ts';

/** A message as a receiver got it. */
export interface Received { path: string; headers: IncomingHttpHeaders; body: string }

export interface Receiver {
  readonly url: string;
  readonly received: Received[];
  /** Resolves with all messages as soon as there are so many. */
  atLeast(count: number): Promise<Received[]>;
  close(): Promise<void>;
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export const answer = (status: number, headers: Record<string, string> = {}): Answer => (_, response) => void response.writeHead(status, headers).end();

/** A web server on 127.0.0.1 that keeps what it is sent; its answers are used in turn, and then it answers 204. */
export async function startReceiver(answers: readonly Answer[] = [], port = 0): Promise<Receiver> {
  const received: Received[] = [];
  const arrivals = new EventEmitter();
  const turn = answers.values();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      received.push({ path: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks).toString() });
      arrivals.emit('message');
      (turn.next().value ?? answer(204))(request, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    received,
    async atLeast(count) {
      while (received.length < count) await once(arrivals, 'message');
      return received;
    },
    close: () => new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    }),
  };
}

/** The store, telling of every attempt when its note is written. */
class TellingStore extends WebhookStore {
  readonly notes = new EventEmitter();

  override async record(...note: Parameters<WebhookStore['record']>): Promise<void> {
    await super.record(...note).catch((error: unknown) => {
      this.notes.emit('refused');
      throw error;
    });
    const [webhook, attempt, { state }] = note;
    this.notes.emit('note', webhook.subject, attempt, state);
  }
}

export interface Sending {
  readonly database: Database;
  readonly store: WebhookStore;
  readonly sender: WebhookSender;
  /** Stores a webhook whose job has just ended, and wakes the sender. */
  add(subject: string, url: string, options?: { secret?: string; owner?: string; endedAt?: number }): Promise<void>;
  /** The next attempt that is noted: of which subject, and what state it led to. */
  nextNote(): Promise<{ subject: string; attempt: Attempt; state: string }>;
  /** Resolves when a note could not be written. */
  nextRefusal(): Promise<unknown>;
  /** Resolves with the attempts when the webhook is delivered or has failed. */
  settled(subject: string): Promise<{ state: string; attempts: Attempt[] }>;
  /** Stops it as a server that stops does; the data stays. */
  stop(): Promise<void>;
}

export const SECRET = 'a secret of the caller';
/** What was due is tried again at once. */
export const QUICK: Schedule = { ...SCHEDULE, pausesMs: [0] };

/** The real sender on a real database in a folder. */
export async function startSending(folder: string, options: { schedule?: Schedule; allow?: readonly string[]; resolver?: Resolver; payload?: SenderOptions['payload'] } = {}): Promise<Sending> {
  const { schedule = QUICK, allow = ['127.0.0.1'], resolver = createResolver(), payload = async (subject) => ({ type: 'analysis.ended', timestamp: '2026-11-23T12:00:00.000Z', data: { id: subject } }) } = options;
  const database = await openDatabase(folder);
  const store = new TellingStore(database);
  const sender = new WebhookSender({ store, payload, allow: AllowList.parse(allow), resolver, schedule, logger: pino({ level: 'silent' }) });
  sender.start();
  const nextNote = async (): ReturnType<Sending['nextNote']> => {
    const [subject, attempt, state] = (await once(store.notes, 'note')) as [string, Attempt, string];
    return { subject, attempt, state };
  };
  return {
    database, store, sender, nextNote,
    nextRefusal: () => once(store.notes, 'refused'),
    async add(subject, url, { secret = SECRET, owner = 'owner', endedAt = Date.now() } = {}) {
      await addWebhook(database, { owner, subject, webhook: { url, secret } });
      await makeDue(database, subject, endedAt);
      sender.wake();
    },
    async settled(subject) {
      for (;;) {
        const note = nextNote();
        const row = await database.selectFrom('webhooks').select(['state', 'log']).where('subject', '=', subject).executeTakeFirstOrThrow();
        if (row.state === 'delivered' || row.state === 'failed') return { state: row.state, attempts: JSON.parse(row.log) as Attempt[] };
        await note;
      }
    },
    async stop() {
      await sender.stop();
      await database.destroy();
    },
  };
}

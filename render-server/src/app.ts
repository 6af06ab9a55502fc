import { join, resolve } from 'node:path';
import type { AnalystName } from '@cro-analyzer/protocol/messages';
import { createClaudeAnalyst } from './analysis/claude.ts';
import { rulesAnalyst } from './analysis/rules.ts';
import { FileBlobs } from './blobs/blobs.ts';
import { AllowList } from './addresses.ts';
import { createResolver, type Resolver } from './browsers/dns.ts';
import { BrowserPool } from './browsers/pool.ts';
import { defaultBrowserMb, type Config } from './config.ts';
import { Admission } from './gateway/admission.ts';
import { Auth } from './gateway/auth.ts';
import { Gateway } from './gateway/gateway.ts';
import { JobEvents } from './jobs/events.ts';
import { Jobs } from './jobs/jobs.ts';
import { MemoryGate, type MemoryUse } from './jobs/memory-gate.ts';
import { Quota } from './jobs/quota.ts';
import { ArtifactStore } from './store/artifacts.ts';
import { BatchStore } from './store/batches.ts';
import { openDatabase } from './store/database.ts';
import { EventStore } from './store/events.ts';
import { JobStore } from './store/jobs.ts';
import { Retention } from './store/retention.ts';
import { UsageStore } from './store/usage.ts';
import { WebhookStore } from './store/webhooks.ts';
import { judge, type Health, type Pressure } from './telemetry/health.ts';
import { createLogger } from './telemetry/logger.ts';
import { readMemory } from './telemetry/memory.ts';
import { loadMessage } from './webhooks/payload.ts';
import { WebhookSender } from './webhooks/sender.ts';
import packageJson from '../package.json' with { type: 'json' };

/** A running server. */
export interface App {
  /** The address to connect to. */
  readonly url: string;
  readonly pool: BrowserPool;
  readonly jobs: Jobs;
  /** Stops admitting, lets what runs finish for `graceMs`, hands the rest back to the store, closes everything. */
  stop(graceMs?: number): Promise<void>;
}

/** What a caller may bring itself instead of the default. */
export interface Parts {
  resolver?: Resolver;
  /** Tells how much memory is used of how much may be. */
  memory?: () => MemoryUse;
}

/** Time for running jobs when the server stops, in ms: container engines kill after ten seconds, and closing takes some. */
const DRAIN_MS = 5_000;

/** No job may have a longer one. */
const LONGEST_DEADLINE_MS = 900_000;

/** Puts the parts together and starts them. Ends with `signal.reason` when the signal fires while the browsers start. */
export async function startApp(config: Config, parts: Parts = {}, signal = new AbortController().signal): Promise<App> {
  const logger = createLogger(config.CRO_LOG_LEVEL);
  const allow = AllowList.parse(config.CRO_ALLOW_HOSTS);
  const auth = new Auth(config.CRO_API_KEYS);
  const database = await openDatabase(config.CRO_DATA_DIR);
  const opened: (() => Promise<unknown>)[] = [() => database.destroy()];
  try {
    const pool = await BrowserPool.start({
      browsers: config.CRO_BROWSERS,
      pagesPerBrowser: config.CRO_PAGES_PER_BROWSER,
      executablePath: config.CRO_CHROMIUM_PATH,
      sandbox: config.CRO_SANDBOX,
      folder: resolve(config.CRO_DATA_DIR, 'browsers'),
      recycle: { jobs: config.CRO_RECYCLE_JOBS, ageMs: config.CRO_RECYCLE_MINUTES * 60_000, memoryBytes: (config.CRO_BROWSER_MAX_MB ?? defaultBrowserMb(config.CRO_BROWSERS, readMemory().limitBytes)) * 2 ** 20, drainMs: LONGEST_DEADLINE_MS },
      logger,
    }, signal);
    opened.unshift(() => pool.close());
    if (!pool.sandboxed) logger.warn("Chromium runs without its sandbox (CRO_SANDBOX, or started as root). Egress rules hold, but a hole in Chromium would not be contained.");

    const claude = config.ANTHROPIC_API_KEY
      ? createClaudeAnalyst({ apiKey: config.ANTHROPIC_API_KEY, baseURL: config.ANTHROPIC_BASE_URL, model: config.CRO_MODEL, concurrency: config.CRO_CLAUDE_CONCURRENCY, logger })
      : undefined;
    const usage = new UsageStore(database);
    const quota = new Quota({
      total: config.CRO_LIMITS_TOTAL, perKey: config.CRO_LIMITS_PER_KEY, perIp: config.CRO_LIMITS_PER_IP,
      jobBudgetUsd: config.CRO_JOB_BUDGET_USD, usage, logger,
    });
    const memory = new MemoryGate(parts.memory ?? readMemory);
    opened.unshift(async () => memory.close());
    const blobs = await FileBlobs.open(join(config.CRO_DATA_DIR, 'blobs'));
    const retention = new Retention({ database, blobs, days: config.CRO_RETENTION_DAYS, maxBytes: config.CRO_DATA_MAX_GB * 2 ** 30, logger });
    opened.unshift(() => retention.stop());
    const resolver = parts.resolver ?? createResolver();
    const store = new JobStore(database);
    const batches = new BatchStore(database);
    const webhooks = new WebhookStore(database);
    const webhookAllow = AllowList.parse(config.CRO_WEBHOOK_ALLOW_HOSTS);
    const sender = new WebhookSender({ store: webhooks, payload: (subject) => loadMessage({ jobs: store, batches }, subject), allow: webhookAllow, resolver, logger });
    opened.unshift(() => sender.stop());
    const artifacts = new ArtifactStore(database, blobs);
    const jobs = new Jobs({
      pool, artifacts, claude, logger, usage, quota, memory, store, batches,
      ends: new EventStore(database),
      events: new JobEvents(logger),
      egress: { allow, resolver },
      rules: rulesAnalyst,
      deadlineMs: config.CRO_DEADLINE_MS,
      queueMax: config.CRO_QUEUE_MAX,
      shared: config.CRO_API_KEYS.length > 1,
      queueWaitMs: config.CRO_QUEUE_WAIT_MS,
      lostClientMs: config.CRO_LOST_CLIENT_MS,
      evidenceMaxBytes: config.CRO_EVIDENCE_MAX_MB * 2 ** 20,
      onDue: () => sender.wake(),
    });
    let stopping: Promise<void> | undefined;
    const load = (): Omit<Pressure, 'accepting'> => {
      const { oldestMs, waitMs, evidenceBytes } = jobs.load;
      const { usedBytes, limitBytes, level } = memory.use;
      return {
        slots: pool.slots,
        queue: { length: jobs.counts.queued, max: config.CRO_QUEUE_MAX, oldestMs },
        running: jobs.counts.running,
        waitMs,
        memory: { usedBytes, limitBytes, level },
        evidence: { bytes: evidenceBytes, maxBytes: config.CRO_EVIDENCE_MAX_MB * 2 ** 20 },
        claude: claude?.state ?? null,
        drift: pool.drift,
        credit: jobs.credit(config.CRO_CREDIT),
      };
    };
    const maxWaitMs = config.CRO_API_KEYS.length > 1 ? Infinity : config.CRO_QUEUE_WAIT_MS; // where keys take turns, the next one may not wait at all
    const health = (): Health => judge(load(), { draining: stopping !== undefined, storing: jobs.storing, sandboxed: pool.sandboxed, maxWaitMs });
    const pressure = (): Pressure => ({ accepting: health().ready, ...load() });
    const analysts: AnalystName[] = claude ? ['claude', 'rules'] : ['rules'];
    retention.start(); // first of all: it makes room on a disk that is full
    await jobs.start();
    opened.unshift(() => jobs.stop(0));
    sender.start();
    const gateway = await Gateway.listen({
      host: config.CRO_HOST, port: config.CRO_PORT,
      jobs, auth, artifacts, health, pressure, analysts, logger,
      webhooks,
      admission: new Admission({ pages: allow, webhooks: webhookAllow, hasClaude: claude !== undefined }),
      trustedProxies: AllowList.parse(config.CRO_TRUSTED_PROXIES),
      maxSessions: { total: config.CRO_LIMITS_TOTAL.sessions, perAddress: config.CRO_LIMITS_PER_IP.sessions, perKey: config.CRO_LIMITS_PER_KEY.sessions },
      credit: config.CRO_CREDIT,
      limits: { deadlineMs: config.CRO_DEADLINE_MS, queueMax: config.CRO_QUEUE_MAX },
      version: packageJson.version,
    });
    const url = `http://${config.CRO_HOST.includes(':') ? `[${config.CRO_HOST}]` : config.CRO_HOST}:${gateway.port}`;
    logger.info({ url, browsers: config.CRO_BROWSERS, pages: pool.slots.total, analysts, keys: config.CRO_API_KEYS.length, dataDir: config.CRO_DATA_DIR }, 'serving');
    opened.unshift(() => gateway.close());
    const stop = async (graceMs: number): Promise<void> => {
      logger.info({ ...jobs.counts }, 'stopping');
      gateway.drain();
      await jobs.stop(graceMs);
      await closeAll(opened);
      logger.info('stopped');
    };
    return { url, pool, jobs, stop: (graceMs = DRAIN_MS) => (stopping ??= stop(graceMs)) };
  } catch (error) {
    await closeAll(opened);
    throw error;
  }
}

/** Closes everything in turn; what fails keeps nothing else open, and the first failure is thrown at the end. */
async function closeAll(closers: readonly (() => Promise<unknown>)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const close of closers) await close().catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}

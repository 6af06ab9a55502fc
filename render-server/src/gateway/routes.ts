import { MAX_BATCH_BODY_BYTES, MAX_CLIENT_FRAME_BYTES } from '@cro-analyzer/protocol/codec';
import { AnalysisRequest, BatchId, BatchRequest, JobId, type AnalystName } from '@cro-analyzer/protocol/messages';
import { Hono, type Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { methodNotAllowed } from 'hono/method-not-allowed';
import type { Logger } from 'pino';
import { orAbort } from '../bounded.ts';
import { RenderError } from '../errors.ts';
import type { Caller, Jobs } from '../jobs/jobs.ts';
import type { ArtifactStore } from '../store/artifacts.ts';
import type { WebhookStore } from '../store/webhooks.ts';
import type { Health, Pressure } from '../telemetry/health.ts';
import { validate } from '../validate.ts';
import type { Admission } from './admission.ts';
import { bearer, type Auth } from './auth.ts';
import { followJob } from './event-stream.ts';
import { idempotencyKey, jsonBody, limitOf, waitOf } from './http-input.ts';
import { problem } from './problem.ts';
import { batchView, brief, view, webhookView } from './views.ts';

export interface RouteOptions {
  jobs: Jobs;
  auth: Auth;
  admission: Admission;
  artifacts: ArtifactStore;
  webhooks: WebhookStore;
  health(): Health;
  pressure(): Pressure;
  analysts: AnalystName[];
  version: string;
  logger: Logger;
}

/** What the gateway tells a route of the connection. */
export interface RouteEnv {
  Bindings: {
    /** The client's address, as limits count it. */
    ip: string;
    /** Whether so many connections are open that only probes are answered. */
    crowded: boolean;
    /** Counts a request that is held open as a session, until the returned call. @throws RenderError overloaded, rate_limited */
    asSession(owner: string): () => void;
  };
}

/** What a scheduler asks: answered also when there is room for nothing else. */
const PROBES: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/pressure']);

/** When a caller should come back that found too many connections, in ms. */
const CROWDED_RETRY_MS = 5_000;

type RouteContext = Context<RouteEnv>;

/** The same service over HTTP, for people with curl. */
export function createRoutes(options: RouteOptions): Hono<RouteEnv> {
  const { jobs, auth, admission, artifacts, webhooks, analysts, version, logger } = options;
  const app = new Hono<RouteEnv>();
  const owner = (c: RouteContext): string => auth.owner(bearer(c.req.header('authorization')));
  const caller = (c: RouteContext): Caller => ({ owner: owner(c), ip: c.env.ip });
  const webhookOf = async (key: string, subject: string): Promise<object> => {
    const log = await webhooks.find(key, subject);
    if (!log) throw new RenderError('not_found', 'It has no webhook.', { reason: 'webhook' });
    return webhookView(log);
  };

  app.onError((thrown, c) => {
    const error = RenderError.from(thrown);
    if (error.code === 'internal' && !c.req.raw.signal.aborted) logger.error({ err: error.cause }, 'a request could not be answered');
    return problem(error);
  });
  app.notFound((c) => problem(new RenderError('not_found', `There is nothing at ${c.req.path}.`, { reason: 'route' })));
  app.use(methodNotAllowed({
    app,
    onMethodNotAllowed: (c, methods) => problem(new RenderError('bad_request', `${c.req.path} takes ${methods.join(', ')}.`, { reason: 'method' }), { status: 405, allow: methods }),
  }));
  app.use(async (c, next) => {
    if (c.env.crowded && !PROBES.has(c.req.path)) throw new RenderError('overloaded', 'The server has too many connections.', { reason: 'connections', retryAfterMs: CROWDED_RETRY_MS });
    await next();
  });

  app.get('/healthz', (c) => c.json({ ok: true, version }));
  app.get('/readyz', (c) => {
    const health = options.health();
    return c.json(health, health.ready ? 200 : 503);
  });
  app.get('/pressure', (c) => c.json(options.pressure()));

  app.get('/v1/session', (c) => {
    owner(c);
    return c.json({ server: 'cro-analyzer', version, analysts });
  });

  app.post('/v1/analyses', limited(MAX_CLIENT_FRAME_BYTES), async (c) => {
    const who = caller(c);
    const request = admission.admit(validate(AnalysisRequest, await jsonBody(c), 'body'));
    const { job } = await jobs.submit(who, request, { idempotencyKey: idempotencyKey(c), onLost: 'finish' });
    await ended(c, jobs, who.owner, job.id);
    const now = await jobs.get(who.owner, job.id);
    c.header('location', `/v1/analyses/${job.id}`);
    return c.json(view(now), now.end ? 200 : 202);
  });

  app.get('/v1/analyses', async (c) => {
    const list = await jobs.list(owner(c), limitOf(c));
    return c.json({ analyses: list.map(brief) });
  });

  app.get('/v1/analyses/:id', async (c) => c.json(view(await jobs.get(owner(c), jobId(c)))));

  app.delete('/v1/analyses/:id', async (c) => {
    const key = owner(c);
    await jobs.cancel(key, jobId(c));
    return c.json(view(await jobs.get(key, jobId(c))));
  });

  app.get('/v1/analyses/:id/events', async (c) => {
    const key = owner(c);
    await jobs.get(key, jobId(c)); // an unknown job is a problem, not a stream
    if (c.req.method === 'HEAD') return c.body(null, 200, { 'content-type': 'text/event-stream' }); // nobody would read the stream
    return followJob(c, { jobs, logger }, key, jobId(c), c.env.asSession(key));
  });

  app.get('/v1/analyses/:id/webhook', async (c) => {
    const { owner: key, id } = await jobs.get(owner(c), jobId(c));
    return c.json(await webhookOf(key, id));
  });

  app.post('/v1/batches', limited(MAX_BATCH_BODY_BYTES), async (c) => {
    const who = caller(c);
    const request = admission.admitBatch(validate(BatchRequest, await jsonBody(c), 'body'));
    const { batch, jobs: ids } = await jobs.submitBatch(who, request, idempotencyKey(c));
    c.header('location', `/v1/batches/${batch.id}`);
    return c.json({ ...batchView(batch), jobs: ids }, 202);
  });

  app.get('/v1/batches/:id', async (c) => {
    const [batch, list] = await Promise.all([jobs.batch(owner(c), batchId(c)), jobs.batchJobs(owner(c), batchId(c))]);
    return c.json({ ...batchView(batch), analyses: list.map(brief) });
  });

  app.delete('/v1/batches/:id', async (c) => {
    const key = owner(c);
    await jobs.cancelBatch(key, batchId(c));
    return c.json(batchView(await jobs.batch(key, batchId(c))));
  });

  app.get('/v1/batches/:id/webhook', async (c) => {
    const { owner: key, id } = await jobs.batch(owner(c), batchId(c));
    return c.json(await webhookOf(key, id));
  });

  app.get('/v1/artifacts/:id', async (c) => {
    const found = await artifacts.find(owner(c), c.req.param('id'));
    if (!found) throw new RenderError('not_found', 'There is no such artifact of this key.');
    return c.body(new Uint8Array(found.data), 200, {
      'content-type': found.artifact.contentType,
      'content-disposition': `inline; filename="${found.artifact.name}"`,
      'cache-control': 'private, immutable, max-age=86400',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'",
    });
  });

  return app;
}

function limited(maxBytes: number): ReturnType<typeof bodyLimit> {
  return bodyLimit({
    maxSize: maxBytes,
    onError: () => problem(new RenderError('too_large', `The body is larger than ${maxBytes} bytes.`)),
  });
}

function jobId(c: RouteContext): string {
  return validate(JobId, c.req.param('id'), 'id');
}

function batchId(c: RouteContext): string {
  return validate(BatchId, c.req.param('id'), 'id');
}

/**
 * Resolves at the job's end, after the time that the caller wants to wait, when it is gone or the server stops. A wish
 * may be left unmet (RFC 7240), and is at once where there is no room for another session.
 */
async function ended(c: RouteContext, jobs: Jobs, owner: string, id: string): Promise<void> {
  const seconds = waitOf(c);
  const leave = seconds > 0 ? placeFor(c, owner) : undefined;
  if (!leave) return;
  try {
    const { promise, resolve } = Promise.withResolvers<void>();
    const stop = await jobs.watch(owner, id, () => {}, (event) => { if (event.type === 'end') resolve(); });
    await orAbort(promise, AbortSignal.any([c.req.raw.signal, jobs.stopped, AbortSignal.timeout(seconds * 1000)])).catch(() => {});
    stop();
  } finally {
    leave();
  }
}

function placeFor(c: RouteContext, owner: string): (() => void) | undefined {
  try {
    return c.env.asSession(owner);
  } catch {
    return undefined;
  }
}

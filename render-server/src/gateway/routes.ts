import { randomUUID } from 'node:crypto';
import { MAX_CLIENT_FRAME_BYTES } from '@cro-analyzer/protocol/codec';
import { AnalysisRequest, JobId, type AnalystName } from '@cro-analyzer/protocol/messages';
import { Hono, type Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { Logger } from 'pino';
import { orAbort } from '../bounded.ts';
import { RenderError } from '../errors.ts';
import type { Jobs } from '../jobs/jobs.ts';
import type { ArtifactStore } from '../store/artifacts.ts';
import type { Job } from '../store/jobs.ts';
import type { Health } from '../telemetry/health.ts';
import { validate } from '../validate.ts';
import type { Admission } from './admission.ts';
import { bearer, type Auth } from './auth.ts';
import { problem } from './problem.ts';

export interface RouteOptions {
  jobs: Jobs;
  auth: Auth;
  admission: Admission;
  artifacts: ArtifactStore;
  health(): Health;
  analysts: AnalystName[];
  version: string;
  logger: Logger;
}

/** Longest time a caller may hold a request open with `Prefer: wait`, in seconds. */
const MAX_WAIT_S = 120;

const LIST_DEFAULT = 50;
const LIST_MAX = 200;

/** The same service over HTTP, for people with curl. */
export function createRoutes(options: RouteOptions): Hono {
  const { jobs, auth, admission, artifacts, analysts, version, logger } = options;
  const app = new Hono();
  const owner = (c: Context): string => auth.owner(bearer(c.req.header('authorization')));

  app.onError((thrown) => {
    const error = RenderError.from(thrown);
    if (error.code === 'internal') logger.error({ err: error.cause }, 'a request could not be answered');
    return problem(error);
  });
  app.notFound((c) => problem(new RenderError('not_found', `There is nothing at ${c.req.path}.`, { reason: 'route' })));

  app.get('/healthz', (c) => c.json({ ok: true, version }));
  app.get('/readyz', (c) => {
    const health = options.health();
    return c.json(health, health.ready ? 200 : 503);
  });

  app.get('/v1/session', (c) => {
    owner(c);
    return c.json({ server: 'cro-analyzer', version, analysts });
  });

  const limit = bodyLimit({
    maxSize: MAX_CLIENT_FRAME_BYTES,
    onError: () => problem(new RenderError('too_large', `The body is larger than ${MAX_CLIENT_FRAME_BYTES} bytes.`)),
  });
  app.post('/v1/analyses', limit, async (c) => {
    const key = owner(c);
    const body: unknown = await c.req.json().catch(() => { throw new RenderError('bad_request', 'body: must be JSON', { reason: 'body' }); });
    const request = admission.admit(validate(AnalysisRequest, body, 'body'));
    const { job } = await jobs.submit({ owner: key, ip: '' }, request, { idempotencyKey: idempotencyKey(c.req.header('idempotency-key')), onLost: 'finish' });
    const seconds = waitOf(c.req.header('prefer'));
    if (seconds > 0) await ended(jobs, key, job.id, seconds, c.req.raw.signal);
    const now = await jobs.get(key, job.id);
    c.header('location', `/v1/analyses/${job.id}`);
    return c.json(view(now), now.end ? 200 : 202);
  });

  app.get('/v1/analyses', async (c) => {
    const count = Number(c.req.query('limit') ?? LIST_DEFAULT);
    if (!Number.isInteger(count) || count < 1 || count > LIST_MAX) throw new RenderError('bad_request', `limit: must be a whole number from 1 to ${LIST_MAX}`, { reason: 'limit' });
    const list = await jobs.list(owner(c), count);
    return c.json({ analyses: list.map(brief) });
  });

  app.get('/v1/analyses/:id', async (c) => c.json(view(await jobs.get(owner(c), jobId(c)))));

  app.delete('/v1/analyses/:id', async (c) => {
    const key = owner(c);
    await jobs.cancel(key, jobId(c));
    return c.json(view(await jobs.get(key, jobId(c))));
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

function jobId(c: Context): string {
  return validate(JobId, c.req.param('id'), 'id');
}

function idempotencyKey(header: string | undefined): string {
  if (header === undefined) return randomUUID();
  if (header.length < 8 || header.length > 200) throw new RenderError('bad_request', 'Idempotency-Key: must have 8 to 200 characters', { reason: 'idempotency-key' });
  return header;
}

/** Seconds of `Prefer: wait=60` (RFC 7240); 0 without it. */
function waitOf(prefer: string | undefined): number {
  const seconds = Number(prefer?.match(/(?:^|[,;\s])wait=(\d+)/)?.[1] ?? 0);
  return Math.min(seconds, MAX_WAIT_S);
}

/** Resolves at the job's end, after the time, when the caller is gone or the server stops. */
async function ended(jobs: Jobs, owner: string, id: string, seconds: number, gone: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = await jobs.watch(owner, id, () => {}, (event) => { if (event.type === 'end') resolve(); });
  await orAbort(promise, AbortSignal.any([gone, jobs.stopped, AbortSignal.timeout(seconds * 1000)])).catch(() => {});
  stop();
}

function brief(job: Pick<Job, 'id' | 'request' | 'stage' | 'attempts' | 'createdAt' | 'endedAt'>): object {
  return {
    id: job.id,
    url: job.request.url,
    stage: job.stage,
    attempts: job.attempts,
    createdAt: new Date(job.createdAt).toISOString(),
    endedAt: job.endedAt === null ? null : new Date(job.endedAt).toISOString(),
  };
}

function view(job: Job): object {
  const { end } = job;
  return {
    ...brief(job),
    ...(end?.stage === 'done' ? { result: end.result } : {}),
    ...(end?.stage === 'failed' ? { error: end.error } : {}),
  };
}

import { performance } from 'node:perf_hooks';
import type { Code } from '@cro-analyzer/protocol/codes';
import type { AnalysisResult, AnalystName, Artifact, Check, Stage } from '@cro-analyzer/protocol/messages';
import type { Logger } from 'pino';
import { AnalystFailure, type Analyst, type AnalystOptions, type Brief, type Budget, type Opinion } from '../analysis/analyst.ts';
import { Lease, type EgressPolicy } from '../browsers/lease.ts';
import type { Slot } from '../browsers/pool.ts';
import { capturePage } from '../capture/capture.ts';
import { runChecks } from '../checks/run.ts';
import { scoresOf } from '../checks/scores.ts';
import { orAbort } from '../bounded.ts';
import { RenderError } from '../errors.ts';
import type { Evidence } from '../evidence.ts';
import { renderReport } from '../report/html.ts';
import type { ArtifactStore } from '../store/artifacts.ts';
import type { Job } from '../store/jobs.ts';
import type { JobEvent } from './events.ts';

/** What every attempt works with. */
export interface Workshop {
  egress: EgressPolicy;
  artifacts: ArtifactStore;
  rules: Analyst;
  /** Undefined where the server has no key. */
  claude: Analyst | undefined;
  logger: Pick<Logger, 'error'>;
}

export interface AttemptOptions {
  job: Job;
  /** Given back as soon as the page has been seen. */
  slot: Slot;
  signal: AbortSignal;
  /** When the signal will fire, in ms since the epoch. */
  deadline: number;
  /** What the analyst may spend. */
  budget: Budget;
  /** Told the size of the evidence once it is there, in bytes. */
  onEvidence(bytes: number): void;
  publish(event: JobEvent): void;
}

/** What is left for the rules analyst and the report when Claude takes all the rest: so much, or a fifth of a short deadline. */
const RESERVE_MS = 5_000;
const RESERVE_SHARE = 0.2;

/** Failures of Claude for which the rules analyst may stand in. */
const REPLACEABLE: ReadonlySet<Code> = new Set(['analyst_unavailable', 'analyst_refused', 'budget_exceeded']);

/** How often a waiting caller hears whether Claude is at work. */
const HEARTBEAT_MS = 2_000;

/** Claude's usual time; the bar moves by it and never arrives before the answer does. */
const USUAL_ANALYSIS_MS = 15_000;

/** An element with its texts, boxes and styles, in bytes. */
const BYTES_PER_ELEMENT = 1_024;

/** Sees, measures, judges and reports one page. Throws RenderError; `signal.reason` when the signal fires. */
export async function runAttempt(workshop: Workshop, options: AttemptOptions): Promise<AnalysisResult> {
  const { job, signal } = options;
  const clock = new Stopwatch();
  const evidence = await see(workshop, options);
  options.onEvidence(sizeOf(evidence));
  clock.lap('capture');

  say(options, 'checking', 0.4, 'Measuring the page');
  const checks = runChecks(evidence, job.request.goal);
  clock.lap('checks');

  say(options, 'analysing', 0.45, 'Looking for what costs conversions');
  const { opinion, name, note } = await judge(workshop, options, { request: job.request, evidence, checks });
  signal.throwIfAborted();
  clock.lap('analysis');

  say(options, 'verifying', 0.95, 'Writing the report');
  const result = resultOf(job, evidence, checks, opinion, { name, note }, clock.laps());
  const kept = await orAbort(keepArtifacts(workshop, job, evidence, result), signal);
  clock.lap('report');
  return { ...result, ...kept, usage: { ...result.usage, timings: clock.laps() } };
}

/** Opens the page on each device, then gives the slot back, whatever happened. */
async function see(workshop: Workshop, options: AttemptOptions): Promise<Evidence> {
  const { job, slot, signal } = options;
  const lease = await Lease.open(slot, new URL(job.request.url), workshop.egress, signal);
  try {
    return await capturePage(lease, job.request, {
      signal,
      onStage: (stage, fraction, message) => say(options, stage, fraction * 0.4, message),
    });
  } finally {
    await lease.release();
  }
}

/** Asks the analyst that the request wants; with `auto` the rules analyst answers where Claude cannot. */
async function judge(workshop: Workshop, options: AttemptOptions, brief: Brief): Promise<{ opinion: Opinion; name: AnalystName; note: string | null }> {
  const { rules, claude } = workshop;
  const wanted = brief.request.analyst;
  const heard: AnalystOptions = { signal: options.signal, budget: options.budget, onFinding: (finding) => options.publish({ type: 'finding', finding }) };
  const askRules = async (note: string | null): Promise<{ opinion: Opinion; name: AnalystName; note: string | null }> =>
    ({ opinion: await rules.analyse(brief, heard), name: rules.name, note });
  if (wanted === 'rules') return askRules(null);
  if (!claude) {
    if (wanted === 'claude') throw new RenderError('analyst_unavailable', 'This server has no key for Claude.', { reason: 'no_key', retryable: false });
    return askRules('This server has no key for Claude (ANTHROPIC_API_KEY), so the rules analyst wrote the findings.');
  }
  let asking = false;
  const stopBeat = heartbeat(options, () => (asking ? 'Claude is reading the page' : 'Waiting for Claude'));
  const onAsking = (now: boolean): void => {
    asking = now;
  };
  const patience = new AbortController();
  const left = options.deadline - Date.now();
  const timer = setTimeout(() => patience.abort(), Math.max(0, left - Math.min(RESERVE_MS, left * RESERVE_SHARE)));
  try {
    return { opinion: await claude.analyse(brief, { ...heard, onAsking, patience: patience.signal }), name: claude.name, note: null };
  } catch (error) {
    options.signal.throwIfAborted();
    const failure = RenderError.from(error);
    if (failure.reason === 'model' && brief.request.model !== undefined) { // asked for by name: no other analyst was wanted
      throw new RenderError('bad_request', `model: Claude does not know ${brief.request.model}`, { reason: 'model', cause: failure });
    }
    if (wanted !== 'auto' || !REPLACEABLE.has(failure.code)) throw failure;
    const answer = await askRules(`Claude could not answer (${failure.message}), so the rules analyst wrote the findings.`);
    // The rules cost nothing; what Claude cost before it failed is paid all the same.
    return error instanceof AnalystFailure ? { ...answer, opinion: { ...answer.opinion, usage: error.usage } } : answer;
  } finally {
    clearTimeout(timer);
    stopBeat();
  }
}

function heartbeat(options: AttemptOptions, message: () => string): () => void {
  const started = Date.now();
  const timer = setInterval(() => {
    const share = 1 - Math.exp((started - Date.now()) / USUAL_ANALYSIS_MS);
    say(options, 'analysing', 0.45 + 0.5 * share, message());
  }, HEARTBEAT_MS);
  return () => clearInterval(timer);
}

/** The result as the report shows it: before the report itself is written and kept. */
function resultOf(
  job: Job, evidence: Evidence, checks: Check[], opinion: Opinion, author: { name: AnalystName; note: string | null }, timings: Record<string, number>,
): AnalysisResult {
  return {
    page: {
      requestedUrl: job.request.url,
      url: evidence.url,
      title: evidence.title,
      status: evidence.status,
      businessType: evidence.businessType,
    },
    summary: opinion.summary,
    findings: opinion.findings,
    rejectedFindings: opinion.rejected,
    scores: scoresOf(checks),
    checks,
    artifacts: [],
    usage: { ...opinion.usage, timings },
    attempts: job.attempts,
    analyst: { name: author.name, model: opinion.model, language: opinion.language, note: author.note },
    limits: [...evidence.limits, ...(opinion.limits ?? [])],
  };
}

/** A disk that is full costs the pictures and the report; the findings, which were paid for, are kept all the same. */
async function keepArtifacts({ artifacts: store, logger }: Workshop, job: Job, evidence: Evidence, result: AnalysisResult): Promise<Pick<AnalysisResult, 'artifacts' | 'limits'>> {
  const artifacts: Artifact[] = [];
  const { limits } = result;
  try {
    if (job.request.screenshots) {
      for (const { device, tiles } of evidence.views) {
        for (const { index, contentType, data } of tiles) {
          const name = `${device}-${index + 1}.${contentType === 'image/png' ? 'png' : 'jpg'}`;
          artifacts.push(await store.add(job, { kind: 'screenshot', name, contentType, device }, data));
        }
      }
    }
    const report = Buffer.from(renderReport({ result, evidence, generatedAt: new Date() }));
    artifacts.push(await store.add(job, { kind: 'report', name: 'report.html', contentType: 'text/html; charset=utf-8', device: null }, report));
    return { artifacts, limits };
  } catch (error) {
    logger.error({ job: job.id, err: error }, 'screenshots and report were not stored');
    return { artifacts, limits: [...limits, 'Screenshots and report could not be stored.'] };
  }
}

/** Pictures are nearly all of it; the rest is counted by its elements. */
function sizeOf({ views }: Evidence): number {
  const ofView = ({ tiles, elements }: Evidence['views'][number]): number => tiles.reduce((sum, { data }) => sum + data.byteLength, elements.length * BYTES_PER_ELEMENT);
  return views.reduce((sum, view) => sum + ofView(view), 0);
}

function say(options: AttemptOptions, stage: Stage, fraction: number, message: string): void {
  options.publish({ type: 'progress', stage, fraction: Math.round(fraction * 1000) / 1000, message });
}

/** Milliseconds by stage, and in all. */
class Stopwatch {
  readonly #started = performance.now();
  #last = this.#started;
  readonly #laps: Record<string, number> = {};

  lap(name: string): void {
    const now = performance.now();
    this.#laps[name] = Math.round(now - this.#last);
    this.#last = now;
  }

  laps(): Record<string, number> {
    return { ...this.#laps, total: Math.round(performance.now() - this.#started) };
  }
}

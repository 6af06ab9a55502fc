/**
 * Every frame of protocol v1, and the shapes inside them: zod schemas and the types they give.
 * The server validates what it receives with these; clients import the types only.
 */
import { z } from 'zod/v4';
import { CODE_NAMES } from './codes.ts';

/** WebSocket subprotocols: the same frames as MessagePack (binary) or JSON (text). */
export const SUBPROTOCOLS = ['cro.v1.msgpack', 'cro.v1.json'] as const;
export type Subprotocol = (typeof SUBPROTOCOLS)[number];

// ---- Request -------------------------------------------------------------------------------

export const Device = z.enum(['desktop', 'mobile']);
export type Device = z.infer<typeof Device>;

export const Goal = z.enum(['auto', 'purchase', 'lead', 'signup', 'contact', 'read']);
export type Goal = z.infer<typeof Goal>;

export const Category = z.enum(['attention', 'trust', 'forms', 'interruption', 'speed', 'mobile', 'content']);
export type Category = z.infer<typeof Category>;

/** Among the jobs of one key: those of a higher priority get more of its turns, and none waits for ever. */
export const Priority = z.enum(['high', 'normal', 'low']);
export type Priority = z.infer<typeof Priority>;

/** Most characters of an address. */
export const MAX_URL = 2_048;

/** Where the end of a job or batch is sent, signed as https://www.standardwebhooks.com says. */
export const Webhook = z.strictObject({
  url: z.string().trim().min(1).max(MAX_URL),
  /** Signs the message; known to the caller and the server alone, and never shown again. */
  secret: z.string().min(16).max(200),
});
export type Webhook = z.infer<typeof Webhook>;

/** What a caller asks for. `url` alone is enough. */
export const AnalysisRequest = z.strictObject({
  url: z.string().trim().min(1).max(MAX_URL),
  devices: z.array(Device).min(1).max(2).default(['desktop', 'mobile'])
    .transform((devices) => [...new Set(devices)]),
  /** What a visitor should do on the page; `auto` lets the analyst infer it. */
  goal: Goal.default('auto'),
  /** Who the page is for, in the caller's words. */
  audience: z.string().max(500).optional(),
  /** What the analyst should know besides, in the caller's words. */
  context: z.string().max(4000).optional(),
  /** Categories to concentrate on; none means all. */
  focus: z.array(Category).max(7).default([]),
  maxFindings: z.int().min(1).max(30).default(10),
  /** Language of the findings as a BCP 47 tag. The rules analyst writes English only, and the result says so. */
  language: z.string().regex(/^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/, 'must be a language tag such as en or de-AT').default('en'),
  /** `auto`: Claude where the server has a key, and the rules analyst when Claude cannot answer in time. */
  analyst: z.enum(['auto', 'claude', 'rules']).default('auto'),
  /** A Claude model id; none means the server's CRO_MODEL. */
  model: z.string().max(100).optional(),
  /** Keep the screenshots as artifacts. */
  screenshots: z.boolean().default(true),
  /** Wait for this before the page is measured, besides the settling that is always done. */
  wait: z.strictObject({
    selector: z.string().min(1).max(500).optional(),
    ms: z.int().min(0).max(15_000).optional(),
  }).optional(),
  /** Time for the whole job from its first lease, in milliseconds; none means the server's CRO_DEADLINE_MS. */
  deadlineMs: z.int().min(5_000).max(900_000).optional(),
  priority: Priority.default('normal'),
  /** Most that Claude may cost for this job, in US dollars; none means the server's CRO_JOB_BUDGET_USD. */
  budgetUsd: z.number().positive().max(1_000).optional(),
  /** Told when the job ends. */
  webhook: Webhook.optional(),
});
export type AnalysisRequest = z.infer<typeof AnalysisRequest>;
/** The request as a caller writes it, before defaults. */
export type AnalysisRequestInput = z.input<typeof AnalysisRequest>;

// ---- Result --------------------------------------------------------------------------------

/** A rectangle in CSS pixels from the page's top left corner. */
export const Box = z.object({ x: z.number(), y: z.number(), width: z.number(), height: z.number() });
export type Box = z.infer<typeof Box>;

export const BusinessType = z.enum(['shop', 'product', 'saas', 'lead', 'content', 'service', 'unknown']);
export type BusinessType = z.infer<typeof BusinessType>;

export const CheckStatus = z.enum(['pass', 'warn', 'fail', 'unknown']);
export type CheckStatus = z.infer<typeof CheckStatus>;

/** One measured fact. `unknown` means that it was not or could not be measured, never that a thing is absent. */
export const Check = z.object({
  /** For example `cta.fold`; unique together with `device`. */
  id: z.string(),
  title: z.string(),
  category: Category,
  /** The device it was measured on; null when it holds for the page as a whole. */
  device: Device.nullable(),
  status: CheckStatus,
  /** What was measured, in words and numbers a person can read. */
  value: z.string(),
  threshold: z.string(),
  /** Evidence elements that the value rests on. */
  elements: z.array(z.string()),
  /** How it was measured. */
  method: z.string(),
  /** The standard or study behind the threshold, or `heuristic`. */
  source: z.string(),
});
export type Check = z.infer<typeof Check>;

/** A numbered element of the page that a finding rests on. */
export const ElementRef = z.object({
  id: z.string(),
  device: Device,
  selector: z.string(),
  box: Box,
  text: z.string(),
});
export type ElementRef = z.infer<typeof ElementRef>;

export const ClaimKind = z.enum(['absence', 'measurement', 'visual', 'copy']);
export const Level = z.enum(['low', 'medium', 'high']);
export type Level = z.infer<typeof Level>;

/** Something on the page that costs conversions, with what proves it. */
export const Finding = z.object({
  id: z.string(),
  title: z.string(),
  /** The part of the page: for example header, hero, form, footer. */
  section: z.string(),
  whatIsWrong: z.string(),
  whyItMatters: z.string(),
  recommendations: z.array(z.string()),
  category: Category,
  claimKind: ClaimKind,
  severity: Level,
  impact: z.int().min(1).max(5),
  effort: z.int().min(1).max(5),
  /** 0-1, computed by the server from the evidence. */
  confidence: z.number().min(0).max(1),
  /** impact x confidence / effort, computed by the server; larger comes first. */
  priority: z.number(),
  devices: z.array(Device),
  elements: z.array(ElementRef),
  /** Ids of the checks it rests on. */
  checks: z.array(z.string()),
  verdict: z.enum(['confirmed', 'plausible']),
});
export type Finding = z.infer<typeof Finding>;

export const RejectedFinding = z.object({ title: z.string(), reason: z.string() });
export type RejectedFinding = z.infer<typeof RejectedFinding>;

/** 0-100 from the checks named; null where too little was measured. */
export const Score = z.object({ value: z.int().min(0).max(100).nullable(), checks: z.array(z.string()) });
export type Score = z.infer<typeof Score>;

export const Scores = z.object({ experience: Score, content: Score, speed: Score, conversion: Score, mobile: Score });
export type Scores = z.infer<typeof Scores>;

export const Artifact = z.object({
  id: z.string(),
  kind: z.enum(['screenshot', 'report']),
  name: z.string(),
  contentType: z.string(),
  bytes: z.int(),
  device: Device.nullable(),
  /** Path on the render server, fetched with the same key. */
  href: z.string(),
});
export type Artifact = z.infer<typeof Artifact>;

export const AnalystName = z.enum(['claude', 'rules']);
export type AnalystName = z.infer<typeof AnalystName>;

export const Usage = z.object({
  inputTokens: z.int(),
  outputTokens: z.int(),
  cacheReadTokens: z.int(),
  cacheWriteTokens: z.int(),
  /** US dollars by the list price; null where the model's price is not known. */
  costUsd: z.number().nullable(),
  /** Of the attempt that gave this result, in milliseconds: by stage, and in all as `total`. */
  timings: z.record(z.string(), z.number()),
});
export type Usage = z.infer<typeof Usage>;

export const AnalysisResult = z.object({
  page: z.object({
    requestedUrl: z.string(),
    url: z.string(),
    title: z.string(),
    status: z.int(),
    businessType: BusinessType,
  }),
  summary: z.string(),
  findings: z.array(Finding),
  rejectedFindings: z.array(RejectedFinding),
  scores: Scores,
  checks: z.array(Check),
  artifacts: z.array(Artifact),
  usage: Usage,
  analyst: z.object({
    name: AnalystName,
    model: z.string().nullable(),
    /** The language the findings are written in. */
    language: z.string(),
    /** Why this analyst wrote it, when it is not the one asked for; else null. */
    note: z.string().nullable(),
  }),
  /** What could not be seen or measured, in words. */
  limits: z.array(z.string()),
  attempts: z.int(),
});
export type AnalysisResult = z.infer<typeof AnalysisResult>;

// ---- Job -----------------------------------------------------------------------------------

export const Stage = z.enum(['queued', 'visiting', 'capturing', 'checking', 'analysing', 'verifying', 'done', 'failed', 'cancelled']);
export type Stage = z.infer<typeof Stage>;

/** An error as every client sees it. */
export const WireError = z.object({
  code: z.enum(CODE_NAMES),
  reason: z.string().optional(),
  message: z.string(),
  retryable: z.boolean(),
  retryAfterMs: z.int().optional(),
});
export type WireError = z.infer<typeof WireError>;

/** Most pages that one batch may have. */
export const MAX_BATCH = 1_000;

/** Many jobs under one id, with one end when all have ended. */
export const BatchRequest = z.strictObject({
  requests: z.array(AnalysisRequest).min(1).max(MAX_BATCH),
  /** Told once, when all jobs have ended. */
  webhook: Webhook.optional(),
});
export type BatchRequest = z.infer<typeof BatchRequest>;

/** How many jobs of a batch stand where; `open` is 0 at its end. */
export const BatchCounts = z.object({ jobs: z.int(), open: z.int(), done: z.int(), failed: z.int(), cancelled: z.int() });
export type BatchCounts = z.infer<typeof BatchCounts>;

// ---- Frames a client sends -----------------------------------------------------------------

const Ref = z.string().min(1).max(100);
export const JobId = z.string().regex(/^job_[0-9a-f]{24}$/, 'must be a job id');
export const BatchId = z.string().regex(/^bat_[0-9a-f]{24}$/, 'must be a batch id');

/**
 * What becomes of a job when nobody follows it any more: `keep` it for the server's CRO_LOST_CLIENT_MS and cancel it
 * then, `cancel` it at once, or `finish` it all the same.
 */
export const OnLost = z.enum(['keep', 'cancel', 'finish']);
export type OnLost = z.infer<typeof OnLost>;

/** One job or one batch. */
const Target = { job: JobId.optional(), batch: BatchId.optional() };
const oneTarget = (frame: { job?: string | undefined; batch?: string | undefined }): boolean => (frame.job === undefined) !== (frame.batch === undefined);

export const ClientFrame = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('hello'), client: z.string().max(200), token: z.string().max(500).optional() }),
  /** `onLost` is `finish` for a request with a webhook, else `keep`. */
  z.strictObject({ type: z.literal('submit'), ref: Ref, idempotencyKey: z.string().min(8).max(200), request: AnalysisRequest, onLost: OnLost.optional() }),
  z.strictObject({ type: z.literal('cancel'), ...Target }).refine(oneTarget, 'needs a job or a batch'),
  z.strictObject({ type: z.literal('watch'), ...Target }).refine(oneTarget, 'needs a job or a batch'),
  /** All ends of this key's jobs and batches after the numbered event; without a number, from now on. */
  z.strictObject({ type: z.literal('subscribe'), afterEvent: z.int().min(0).optional() }),
  z.strictObject({ type: z.literal('ping'), id: z.int().min(0) }),
]);
export type ClientFrame = z.infer<typeof ClientFrame>;
/** A frame as a client writes it, before defaults. */
export type ClientFrameInput = z.input<typeof ClientFrame>;

// ---- Frames the server sends ---------------------------------------------------------------

const seq = z.int().min(1);
const ScoreValue = z.int().nullable();

export const ServerFrame = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('welcome'),
    session: z.string(),
    version: z.string(),
    credit: z.int(),
    analysts: z.array(AnalystName),
    limits: z.object({ maxFrameBytes: z.int(), deadlineMs: z.int(), queueMax: z.int() }),
  }),
  z.object({ type: z.literal('accepted'), ref: z.string(), job: z.string(), position: z.int(), etaMs: z.int(), deduplicated: z.boolean() }),
  /** A refused submit, or (without `ref`) a frame that could not be taken. `job` or `batch` is that of a refused watch or cancel. */
  z.object({ type: z.literal('rejected'), ref: z.string().optional(), job: z.string().optional(), batch: z.string().optional(), error: WireError }),
  z.object({ type: z.literal('progress'), job: z.string(), seq, stage: Stage, fraction: z.number().min(0).max(1), message: z.string(), position: z.int().optional() }),
  z.object({ type: z.literal('snapshot'), job: z.string(), seq, attempt: z.int(), stage: Stage, findings: z.array(Finding) }),
  z.object({ type: z.literal('finding'), job: z.string(), seq, finding: Finding }),
  z.object({ type: z.literal('result'), job: z.string(), seq, result: AnalysisResult }),
  z.object({ type: z.literal('failed'), job: z.string(), seq, error: WireError }),
  z.object({ type: z.literal('cancelled'), job: z.string(), seq }),
  /** Where a watched batch stands: at once, and when all its jobs have ended. */
  z.object({ type: z.literal('batch'), batch: z.string(), counts: BatchCounts }),
  /** `event` is the number of the last end so far: those after it follow, as do those asked for. */
  z.object({ type: z.literal('subscribed'), event: z.int() }),
  z.object({
    type: z.literal('ended'),
    event: z.int(),
    job: z.string(),
    batch: z.string().nullable(),
    state: z.enum(['done', 'failed', 'cancelled']),
    page: z.object({ url: z.string(), title: z.string().nullable() }),
    /** Null unless the job is done. */
    scores: z.object({ experience: ScoreValue, content: ScoreValue, speed: ScoreValue, conversion: ScoreValue, mobile: ScoreValue }).nullable(),
    error: WireError.nullable(),
  }),
  z.object({ type: z.literal('batch_ended'), event: z.int(), batch: z.string(), counts: BatchCounts }),
  z.object({ type: z.literal('credit'), credit: z.int() }),
  z.object({ type: z.literal('draining'), reconnectAfterMs: z.int() }),
  z.object({ type: z.literal('pong'), id: z.int() }),
]);
export type ServerFrame = z.infer<typeof ServerFrame>;

/** What a subscriber is told of an end: the event's number comes with it. */
export type EndedEvent = Extract<ServerFrame, { type: 'ended' | 'batch_ended' }>;

/** The server frames that are about one job and carry its `seq`. */
export type JobFrame = Extract<ServerFrame, { seq: number }>;

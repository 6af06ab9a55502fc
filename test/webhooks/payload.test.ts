import type { AnalysisRequest, AnalysisResult } from '@cro-analyzer/protocol/messages';
import { describe, expect, it } from 'vitest';
import type { Job, JobBrief } from '../../render-server/src/store/jobs.ts';
import { batchMessage, encode, jobMessage } from '../../render-server/src/webhooks/payload.ts';

const request: AnalysisRequest = {
  url: 'https://example.com/', devices: ['desktop'], goal: 'auto', focus: [], maxFindings: 10, language: 'en', analyst: 'auto', screenshots: true, priority: 'normal',
};
const score = { value: 80, checks: [] };
const result: AnalysisResult = {
  page: { requestedUrl: request.url, url: request.url, title: 'Shop', status: 200, businessType: 'shop' },
  summary: 'Good.', findings: [], rejectedFindings: [], checks: [], artifacts: [], limits: [], attempts: 1,
  scores: { experience: score, content: score, speed: score, conversion: score, mobile: score },
  usage: { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0, costUsd: 0, timings: {} },
  analyst: { name: 'rules', model: null, language: 'en', note: null },
};
const error = { code: 'page_unreachable', message: 'The page cannot be reached.', retryable: false } as const;
const endedAt = Date.UTC(2026, 10, 23, 12);
const job: Job = { id: 'job_1', owner: 'key', ip: '192.0.2.1', batch: null, onLost: 'finish', request, stage: 'done', attempts: 1, createdAt: endedAt - 9_000, leasedAt: endedAt - 8_000, endedAt, spentUsd: 0, end: { stage: 'done', result } };

describe('the message about a job', () => {
  it('has its result when it is done', () => {
    expect(jobMessage(job)).toEqual({
      type: 'analysis.ended', timestamp: '2026-11-23T12:00:00.000Z',
      data: { id: 'job_1', batch: null, url: 'https://example.com/', state: 'done', attempts: 1, result },
    });
  });

  it('has its error when it failed, and neither when it was cancelled', () => {
    expect(jobMessage({ ...job, batch: 'bat_1', stage: 'failed', end: { stage: 'failed', error } })?.data).toEqual({ id: 'job_1', batch: 'bat_1', url: request.url, state: 'failed', attempts: 1, error });
    expect(jobMessage({ ...job, stage: 'cancelled', end: { stage: 'cancelled' } })?.data).toEqual({ id: 'job_1', batch: null, url: request.url, state: 'cancelled', attempts: 1 });
  });

  it('is not made while it is open', () => {
    expect(jobMessage({ ...job, stage: 'queued', endedAt: null, end: null })).toBeUndefined();
  });
});

describe('the message about a batch', () => {
  const counts = { jobs: 3, open: 0, done: 1, failed: 1, cancelled: 1 };
  const scores = { experience: 80, content: 80, speed: null, conversion: 80, mobile: 80 };
  const { end: _end, ...facts } = job;
  const jobs: JobBrief[] = [
    { ...facts, error: null, summary: { title: 'Shop', scores, findings: 4 } },
    { ...facts, id: 'job_2', stage: 'failed', error, summary: null },
    { ...facts, id: 'job_3', stage: 'cancelled', error: null, summary: null },
  ];

  it('tells how each of its jobs ended, without their results', () => {
    expect(batchMessage({ id: 'bat_1', owner: 'key', createdAt: 0, endedAt, counts }, jobs)).toEqual({
      type: 'batch.ended', timestamp: '2026-11-23T12:00:00.000Z',
      data: {
        id: 'bat_1', counts,
        jobs: [
          { id: 'job_1', url: request.url, state: 'done', scores, findings: 4 },
          { id: 'job_2', url: request.url, state: 'failed', error, findings: 0 },
          { id: 'job_3', url: request.url, state: 'cancelled', findings: 0 },
        ],
      },
    });
  });

  it('is not made while a job is open', () => {
    expect(batchMessage({ id: 'bat_1', owner: 'key', createdAt: 0, endedAt: null, counts }, jobs)).toBeUndefined();
  });
});

describe('a message that is too long', () => {
  it('goes without its result and says so', () => {
    const long = jobMessage({ ...job, end: { stage: 'done', result: { ...result, summary: 'ä'.repeat(1_000) } } });
    if (!long) throw new Error('no message');
    expect(JSON.parse(encode(long))).toEqual(long);
    const short = encode(long, 1_500);
    expect(Buffer.byteLength(short)).toBeLessThan(500);
    expect(JSON.parse(short)).toMatchObject({ type: 'analysis.ended', data: { id: 'job_1', state: 'done', truncated: true } });
  });
});

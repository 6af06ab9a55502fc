import { RenderError } from '../errors.ts';
import type { Jobs } from '../jobs/jobs.ts';
import type { End } from '../store/jobs.ts';
import type { OutgoingFrame } from './outbox.ts';

/** The frame that tells a job's end. */
export function endFrame(job: string, end: End): OutgoingFrame {
  switch (end.stage) {
    case 'done': return { type: 'result', job, result: end.result };
    case 'failed': return { type: 'failed', job, error: end.error };
    case 'cancelled': return { type: 'cancelled', job };
  }
}

/** The same from the store; of a job that was removed meanwhile, what a watch of it would be told. */
export async function loadEnd(jobs: Jobs, owner: string, job: string): Promise<OutgoingFrame> {
  try {
    const { end } = await jobs.get(owner, job);
    if (end) return endFrame(job, end);
    throw new Error('an ended job has no end in the store');
  } catch (thrown) {
    const error = RenderError.from(thrown);
    if (error.code !== 'not_found') throw thrown;
    return { type: 'rejected', job, error: error.toWire() };
  }
}

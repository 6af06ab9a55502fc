import type { AnalysisRequestInput } from '@cro-analyzer/protocol/messages';
import type { IExecuteFunctions } from 'n8n-workflow';

/** Idempotency keys of the pages that succeeded, by execution: n8n gives every try of one the same signal. */
const succeeded = new WeakMap<AbortSignal, Map<string, string>>();

/** The key to submit a page under. */
export interface SubmitKey {
  readonly idempotencyKey: string;
  /** Call it once the page has its result. */
  keep(): void;
}

/**
 * Retry On Fail runs the whole node again. A page that succeeded before keeps its key, so that the server answers
 * with the stored result and the page is not paid for twice; one that failed gets a new key and a new chance.
 */
export function submitKey(this: IExecuteFunctions, itemIndex: number, request: AnalysisRequestInput): SubmitKey {
  const execution = this.getExecutionCancelSignal();
  const keys = (execution && succeeded.get(execution)) ?? new Map<string, string>();
  if (execution) succeeded.set(execution, keys);
  const { $runIndex } = this.getWorkflowDataProxy(itemIndex);
  const page = JSON.stringify([this.getNode().id, $runIndex, itemIndex, request]);
  const idempotencyKey = keys.get(page) ?? crypto.randomUUID();
  return { idempotencyKey, keep: () => void keys.set(page, idempotencyKey) };
}

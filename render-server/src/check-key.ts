import type { Check } from '@cro-analyzer/protocol/messages';

/** How a finding cites a check: `cta.fold@mobile`, or the bare id where it holds for the whole page. */
export function checkKey(check: Pick<Check, 'id' | 'device'>): string {
  return check.device === null ? check.id : `${check.id}@${check.device}`;
}

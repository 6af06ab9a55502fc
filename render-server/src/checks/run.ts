import type { Check } from '@cro-analyzer/protocol/messages';
import type { Evidence } from '../evidence.ts';
import { attention } from './attention.ts';
import { forms } from './forms.ts';
import { interruption } from './interruption.ts';
import { mobile } from './mobile.ts';
import { speed } from './speed.ts';
import { trust } from './trust.ts';

const RULES = [...attention, ...trust, ...forms, ...interruption, ...speed, ...mobile];

/** Everything measured about a page, always in the same order: by subject, then by device as asked for. */
export function runChecks(evidence: Evidence): Check[] {
  return RULES.flatMap((rule) => rule(evidence));
}

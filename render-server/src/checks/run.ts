import type { Check, Goal } from '@cro-analyzer/protocol/messages';
import type { Evidence } from '../evidence.ts';
import { attention } from './attention.ts';
import { forms } from './forms.ts';
import { interruption } from './interruption.ts';
import { mobile } from './mobile.ts';
import { prices } from './prices.ts';
import { speed } from './speed.ts';
import { trust } from './trust.ts';

const RULES = [...attention, ...prices, ...trust, ...forms, ...interruption, ...speed, ...mobile];

/** Everything measured about a page, always in the same order: by subject, then by device as asked for. `goal` as in the request. */
export function runChecks(evidence: Evidence, goal: Goal = 'auto'): Check[] {
  return RULES.flatMap((rule) => rule(evidence, goal));
}

import { Category, ClaimKind, Level } from '@cro-analyzer/protocol/messages';
import { z } from 'zod/v4';

/** A finding as an analyst writes it, before it is put to the proof. Every field is required: see the limits of Claude's schemas. */
export const Draft = z.object({
  title: z.string(),
  section: z.string(),
  whatIsWrong: z.string(),
  whyItMatters: z.string(),
  recommendations: z.array(z.string()),
  category: Category,
  claimKind: ClaimKind,
  severity: Level,
  /** 1-5 */
  impact: z.int(),
  /** 1-5 */
  effort: z.int(),
  /** Ids of evidence elements, for example d12 or m3. */
  elements: z.array(z.string()),
  /** Keys of checks, for example cta.fold@mobile. */
  checks: z.array(z.string()),
});
export type Draft = z.infer<typeof Draft>;

import type { Check, CheckStatus, Score, Scores } from '@cro-analyzer/protocol/messages';
import { checkKey } from '../check-key.ts';

/** What a check adds to a score, by check id: 3 decides whether visitors act at all, 1 is polish. */
const WEIGHTS: Record<Exclude<keyof Scores, 'mobile'>, Record<string, number>> = {
  experience: {
    'cta.covered': 2, 'cta.size': 1, 'overlay.coverage': 3, 'overlay.blocking': 3, 'overlay.close': 2, broken: 2,
    'form.fields': 1, 'form.labels': 2, 'form.placeholderOnly': 1, 'form.autocomplete': 1, 'form.inputType': 1,
  },
  content: {
    'headline.present': 3, 'hero.text': 2, 'title.meta': 2, 'cta.vague': 2, 'shipping.near': 1, 'reviews.present': 1,
  },
  speed: { weight: 2, broken: 1 },
  conversion: {
    'cta.present': 3, 'cta.fold': 3, 'cta.covered': 2, 'cta.contrast': 2, 'cta.competing': 1, 'cta.vague': 1,
    'price.visible': 2, 'price.consistent': 2, 'shipping.near': 2, 'returns.link': 1, 'reviews.present': 2,
    'contact.present': 1, 'legal.links': 1, https: 3, 'schema.product': 1,
  },
};

/** Measured on a phone, or about one: their weight in the mobile score. */
const MOBILE_WEIGHTS: Record<string, number> = {
  'mobile.overflow': 3, 'mobile.viewport': 3, 'mobile.targets': 2, 'mobile.font': 2,
  'cta.fold': 2, 'cta.size': 2, 'cta.covered': 2, 'overlay.coverage': 2, 'overlay.blocking': 2,
};

/** Unknown where there is no call to action: for the score they fail with it, or the worst page would have none. */
const RESTS_ON_ACTION = ['cta.fold', 'cta.covered', 'cta.contrast', 'cta.size', 'cta.competing', 'cta.vague', 'shipping.near'];

/** Share of the weight that must be known, below which a number would say more than was measured. Much is unknown
 * by nature: a page without a form has no labels to judge. */
const KNOWN_SHARE = 0.4;

const POINTS: Record<Exclude<CheckStatus, 'unknown'>, number> = { pass: 1, warn: 0.5, fail: 0 };

/**
 * Scores of 0-100 from the checks alone: the weighted mean over those whose outcome is known
 * (pass 1, warn 0.5, fail 0). Each score lists the keys of the checks that it was made from.
 */
export function scoresOf(measured: Check[]): Scores {
  const actionless = new Set(measured.filter((check) => check.id === 'cta.present' && check.status === 'fail').map((check) => check.device));
  const checks = measured.map((check): Check => (check.status === 'unknown' && RESTS_ON_ACTION.includes(check.id) && actionless.has(check.device)
    ? { ...check, status: 'fail' } : check));
  return {
    experience: score(checks, WEIGHTS.experience),
    content: score(checks, WEIGHTS.content),
    speed: score(checks, WEIGHTS.speed),
    conversion: score(checks, WEIGHTS.conversion),
    mobile: score(checks.filter((check) => check.device === 'mobile'), MOBILE_WEIGHTS),
  };
}

function score(checks: Check[], weights: Record<string, number>): Score {
  const weightOf = (list: readonly Check[]): number => list.reduce((sum, check) => sum + (weights[check.id] ?? 0), 0);
  const weighed = checks.filter((check) => check.id in weights);
  const known = weighed.filter((check) => check.status !== 'unknown');
  const total = weightOf(known);
  if (total === 0 || total < weightOf(weighed) * KNOWN_SHARE) return { value: null, checks: known.map(checkKey) };
  const points = known.reduce((sum, check) => sum + (check.status === 'unknown' ? 0 : POINTS[check.status]) * (weights[check.id] ?? 0), 0);
  return { value: Math.round((points / total) * 100), checks: known.map(checkKey) };
}

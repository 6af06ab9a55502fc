/** What tests of the Claude analyst ask it about: a small page with two faults. */
import { AnalysisRequest, type AnalysisRequestInput } from '@cro-analyzer/protocol/messages';
import type { Brief } from '../../render-server/src/analysis/analyst.ts';
import { checkOf, evidenceOf, tileOf, viewOf } from './evidence.ts';

const checks = [checkOf({ elements: ['d2'] }), checkOf({ id: 'hero.text', status: 'warn', value: '3 words' }), checkOf({ id: 'reviews.present', status: 'pass', value: '4 reviews' })];

/** One desktop with one small picture. */
export const SMALL_VIEW = viewOf('desktop', { tiles: [tileOf({ box: { x: 0, y: 0, width: 280, height: 280 } })] });

export function briefFor(request: Partial<AnalysisRequestInput> = {}, page: Partial<Brief> = {}): Brief {
  return { request: AnalysisRequest.parse({ url: 'https://shop.example/mug', ...request }), evidence: evidenceOf({ views: [SMALL_VIEW] }), checks, ...page };
}

import type { Device } from '@cro-analyzer/protocol/messages';
import { ELEMENTS_LIMIT, type PageElement } from '../evidence.ts';
import { PRICE } from '../prices.ts';
import { callIn } from '../words.ts';
import { DEVICES } from './devices.ts';
import { describe } from './in-page/describe.ts';
import { survey, type Candidate } from './in-page/survey.ts';
import type { World } from './world.ts';

/** Ranks by importance to conversion, the first that fits. */
const RANKS: ((candidate: Candidate, cta: PageElement['cta']) => boolean)[] = [
  ({ visible }, cta) => visible && cta === 'primary',
  ({ visible }, cta) => visible && cta === 'secondary',
  ({ visible, kind }) => visible && kind === 'field',
  ({ visible, kind, landmark }) => visible && (kind === 'link' || kind === 'button') && (landmark === 'header' || landmark === 'nav' || landmark === 'overlay'),
  ({ visible, kind }) => visible && kind === 'price',
  ({ visible, kind }) => visible && kind === 'heading',
  ({ visible, kind, box }) => visible && kind === 'image' && box.width * box.height >= 10_000,
  ({ visible }) => visible,
  () => true,
];

/**
 * `primary` by wording and visual weight, `secondary` by either alone; a soft label such as "Learn more" needs the
 * weight. What sends a search is none: it leads to no goal.
 */
function ctaOf({ kind, name, text, weighty, submits, searches }: Candidate): PageElement['cta'] {
  if ((kind !== 'button' && kind !== 'link') || searches) return null;
  const call = callIn(text) ?? callIn(name);
  if (call === 'names') return weighty ? 'primary' : 'secondary';
  if (!weighty) return null;
  return call === 'softly' || submits ? 'primary' : 'secondary';
}

/**
 * Which candidates are listed and in what order: by rank, then as in the document. Every rank gets its share
 * of the list before what is left goes to the highest, so that fifty product cards do not push out the price.
 */
export function rank(candidates: Candidate[], max = ELEMENTS_LIMIT): { index: number; cta: PageElement['cta'] }[] {
  const ranked = candidates.map((candidate, index) => {
    const cta = ctaOf(candidate);
    return { index, cta, rank: RANKS.findIndex((fits) => fits(candidate, cta)) };
  }).sort((a, b) => a.rank - b.rank || a.index - b.index);
  const share = Math.floor(max / RANKS.length);
  const taken = new Map<number, number>();
  const withinShare = ranked.filter((entry) => {
    const place = (taken.get(entry.rank) ?? 0) + 1;
    taken.set(entry.rank, place);
    return place <= share;
  });
  const sure = new Set(withinShare);
  const chosen = new Set([...withinShare, ...ranked.filter((entry) => !sure.has(entry))].slice(0, max));
  return ranked.filter((entry) => chosen.has(entry)).map(({ index, cta }) => ({ index, cta }));
}

/**
 * The numbered elements of the page, 150 at most, and how many more there were.
 * `overlays` are indexes of overlays that are not part of the page proper.
 */
export async function readElements(world: World, device: Device, overlays: number[]): Promise<{ elements: PageElement[]; left: number }> {
  const { candidates, left } = await world.run(survey, { overlays, price: PRICE.source });
  const chosen = rank(candidates).map((entry, place) => ({ ...entry, id: `${DEVICES[device].letter}${place + 1}` }));
  const descriptions = await world.run(describe, chosen.map(({ index, id }) => ({ index, id })));
  const elements = chosen.flatMap(({ index, id, cta }, place): PageElement[] => {
    const [candidate, description] = [candidates[index], descriptions[place]];
    if (candidate === undefined || description === undefined) return [];
    const { kind, tag, role, name, text, visible, inFirstScreen, box, href, landmark } = candidate;
    return [{ id, kind, tag, role, name, text, box, visible, inFirstScreen, href, cta, landmark, ...description }];
  });
  return { elements, left: left + candidates.length - elements.length };
}

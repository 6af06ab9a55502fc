/** When a thing that was not found may be called absent. */
import { ELEMENTS_LIMIT, TEXT_LIMIT, type Evidence, type PageElement, type View } from '../evidence.ts';
import { isKnownLanguage } from '../words.ts';
import { unknown, warn, type Measured } from './rule.ts';

/** Transparent text below the first screen that makes a page one whose parts fade in: a few letters are a tooltip. */
const TRANSPARENT_MAX = 40;

/** Why something may be on the page though it was not seen; null where all of the page was. */
export function unseenPart(views: View[]): string | null {
  if (views.some((view) => view.unseen.unrest)) return 'not found, but the page was still changing when it was measured';
  if (views.some((view) => view.unseen.transparent > TRANSPARENT_MAX)) return 'not found, but part of the page stays transparent until a visitor scrolls to it';
  const frames = views.flatMap((view) => view.unseen.frames);
  return frames.length === 0 ? null : `not found, but a frame that was not read may hold it (${frames[0]})`;
}

/** Why a word that was not found proves nothing on this page; null where its absence is a fact. */
function blindSpot(evidence: Evidence): string | null {
  const { language, views } = evidence;
  if (language === null) return 'not found, but the page does not name its language';
  if (!isKnownLanguage(language)) return `not found, but the words of this page's language (${language}) are not known`;
  if (views.some((view) => view.text.full.length >= TEXT_LIMIT)) return 'not found in the part of the text that was read';
  return unseenPart(views);
}

/** A warning where the whole page could be read in a known language, else unknown. */
export function absent(evidence: Evidence, value: string, cited: PageElement[] = []): Measured {
  const blind = blindSpot(evidence);
  return blind === null ? warn(value, cited) : unknown(blind, cited);
}

/** The same for a link. Where not every element is listed, a word in the text may well be the link that is not. */
export function absentLink(evidence: Evidence, subject: RegExp, value: string): Measured {
  const unlisted = evidence.views.some((view) => view.elements.length >= ELEMENTS_LIMIT && subject.test(view.text.full));
  return unlisted ? unknown('not among the elements listed, but the text mentions it') : absent(evidence, value);
}

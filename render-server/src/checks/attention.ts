/** First screen and call to action. */
import type { PageElement, View } from '../evidence.ts';
import { countWords, isKnownLanguage, isVague } from '../words.ts';
import { unseenPart } from './absence.ts';
import { actionsOf, isForReading, labelOf, mainAction } from './action.ts';
import { contrastRatio } from './contrast.ts';
import { fail, pass, perDevice, perPage, unknown, warn, type Rule } from './rule.ts';

const NO_ACTION = 'no call to action to measure';
const FOR_READING = 'a page to be read';

const present = perDevice({
  id: 'cta.present',
  title: 'The page has a call to action',
  category: 'attention',
  threshold: 'at least 1 visible',
  method: 'visible buttons and links whose wording or visual weight asks for an action, overlays left out',
  source: 'heuristic',
}, (view, evidence, goal) => {
  if (isForReading(evidence, goal)) return unknown(FOR_READING);
  const actions = actionsOf(view);
  const action = mainAction(view, evidence);
  if (action !== undefined) return pass(`${count(actions.length, 'call', 'calls')} to action, the main one is "${labelOf(action)}"`, [action]);
  if (actions.length > 0) return pass(`${count(actions.length, 'call', 'calls')} to action`, actions);
  if (!isKnownLanguage(evidence.language) && view.elements.some((element) => element.kind === 'button' && element.visible)) {
    return unknown('buttons in a language whose words are not known');
  }
  const unseen = unseenPart([view]);
  return unseen === null ? fail('no visible call to action') : unknown(unseen);
});

const fold = perDevice({
  id: 'cta.fold',
  title: 'The main call to action is in the first screen',
  category: 'attention',
  threshold: 'ends within the first screen',
  method: 'bottom edge of the main call to action against the height of the first screen, at scroll 0',
  source: 'NN/g 2018: 57% of viewing time is above the fold, 74% in the first two screenfuls',
}, (view, evidence, goal) => {
  if (isForReading(evidence, goal)) return unknown(FOR_READING);
  const action = mainAction(view, evidence);
  if (action === undefined) return unknown(NO_ACTION);
  const bottom = Math.round(action.box.y + action.box.height);
  const value = `"${labelOf(action)}" ends ${bottom} px down, the first screen is ${view.screen.height} px high`;
  return bottom <= view.screen.height ? pass(value, [action]) : warn(value, [action]);
});

const covered = perDevice({
  id: 'cta.covered',
  title: 'Nothing lies over the main call to action',
  category: 'attention',
  threshold: 'fewer than 3 of 5 points covered',
  method: 'hit test at the centre and near the four corners, overlays left as found',
  source: 'heuristic',
}, (view, evidence) => {
  const action = mainAction(view, evidence);
  if (action === undefined) return unknown(NO_ACTION);
  if (action.covered === null) return unknown(`"${labelOf(action)}" is outside the first screen`, [action]);
  const value = `${Math.round(action.covered * 5)} of 5 points of "${labelOf(action)}" are covered`;
  return action.covered >= 0.6 ? fail(value, [action]) : pass(value, [action]);
});

const contrast = perDevice({
  id: 'cta.contrast',
  title: 'The label of the main call to action stands out',
  category: 'attention',
  threshold: 'at least 4.5:1, or 3:1 from 24 px (bold from 18.66 px)',
  method: 'computed text colour against the effective background colour, held against axe rule color-contrast',
  source: 'WCAG 2.2 SC 1.4.3',
}, (view, evidence) => {
  const action = mainAction(view, evidence);
  if (action === undefined) return unknown(NO_ACTION);
  const { color, background, fontSize, fontWeight } = action.style;
  const ratio = background === null ? null : contrastRatio(color, background);
  if (ratio === null) return unknown(`what lies behind "${labelOf(action)}" has no single colour`, [action]);
  const needed = fontSize >= 24 || (fontSize >= 18.66 && fontWeight >= 700) ? 3 : 4.5;
  // Cut, not rounded: 4.499 must not read as the 4.5 that it misses.
  const value = `${Math.floor(ratio * 100) / 100}:1 where ${needed}:1 is needed, on "${labelOf(action)}" (${fontSize} px)`;
  if (ratio >= needed) return pass(value, [action]);
  return isReadableToAxe(view, action) ? unknown(`${value} by our reckoning, which axe does not share`, [action]) : fail(value, [action]);
});

const size = perDevice({
  id: 'cta.size',
  title: 'The main call to action is large enough to hit',
  category: 'attention',
  threshold: 'at least 24 x 24 px, on phones 44 x 44 px',
  method: 'box of the main call to action in CSS pixels',
  source: 'SC 2.5.8 (AA) / 2.5.5 (AAA)',
}, (view, evidence) => {
  const action = mainAction(view, evidence);
  if (action === undefined) return unknown(NO_ACTION);
  const { width, height } = action.box;
  const value = `"${labelOf(action)}" is ${Math.round(width)} x ${Math.round(height)} px`;
  const shorter = Math.min(width, height);
  if (shorter < 24) return fail(value, [action]);
  return view.device === 'mobile' && shorter < 44 ? warn(value, [action]) : pass(value, [action]);
});

const competing = perDevice({
  id: 'cta.competing',
  title: 'One action leads in the first screen',
  category: 'attention',
  threshold: 'at most 2 different',
  method: 'primary calls to action in the first screen that differ in wording',
  source: 'heuristic',
}, (view) => {
  const primary = actionsOf(view).filter((element) => element.cta === 'primary' && element.inFirstScreen);
  const distinct = [...new Map(primary.map((element) => [labelOf(element).toLowerCase(), element])).values()];
  if (distinct.length === 0) return unknown('no primary call to action in the first screen');
  const value = `${distinct.length} in the first screen: ${quotedList(distinct)}`;
  return distinct.length > 2 ? warn(value, distinct) : pass(value, distinct);
});

const vague = perDevice({
  id: 'cta.vague',
  title: 'Calls to action say what happens next',
  category: 'attention',
  threshold: 'none reads submit, click here, learn more, continue, go or send',
  method: 'labels of the calls to action against a list in English, German, French, Spanish and Japanese',
  source: 'heuristic (also SC 2.4.4 link purpose)',
}, (view, evidence) => {
  const actions = actionsOf(view);
  const found = actions.filter((element) => isVague(labelOf(element)));
  if (found.length > 0) return warn(`${quotedList(found)} ${found.length === 1 ? 'names' : 'name'} no action`, found);
  if (actions.length === 0) return unknown(NO_ACTION);
  if (!isKnownLanguage(evidence.language)) return unknown('labels in a language whose words are not known');
  return pass(`${count(actions.length, 'label names its', 'labels name their')} action`, actions);
});

const headline = perDevice({
  id: 'headline.present',
  title: 'One clear main headline',
  category: 'content',
  threshold: 'exactly one visible h1, 12 words at most, 24 px at least',
  method: 'visible, non-empty h1 elements',
  source: 'heuristic (axe page-has-heading-one, best practice)',
}, (view) => {
  const headlines = view.headings.filter((heading) => heading.level === 1 && heading.visible && heading.text !== '');
  const cited = headlines.map((heading) => heading.element);
  const [only] = headlines;
  if (only === undefined) {
    const unseen = unseenPart([view]);
    return unseen === null ? fail('no visible h1') : unknown(unseen);
  }
  if (headlines.length > 1) return warn(`${headlines.length} visible h1 elements`, cited);
  const words = countWords(only.text);
  const value = `"${only.text}": ${count(words, 'word', 'words')} at ${only.fontSize} px`;
  return words > 12 || only.fontSize < 24 ? warn(value, cited) : pass(value, cited);
});

const hero = perDevice({
  id: 'hero.text',
  title: 'The first screen says enough and not too much',
  category: 'content',
  threshold: '5 to 120 words',
  method: 'visible words in the first screen',
  source: 'heuristic',
}, (view, evidence, goal) => {
  if (isForReading(evidence, goal)) return unknown(FOR_READING);
  const words = countWords(view.text.firstScreen);
  const value = `${count(words, 'word', 'words')} in the first screen`;
  return words < 5 || words > 120 ? warn(value, headlineOf(view)) : pass(value, headlineOf(view));
});

const meta = perPage({
  id: 'title.meta',
  title: 'Title and description for search results',
  category: 'content',
  threshold: 'title of 1 to 60 characters, and a description',
  method: 'document title and meta description',
  source: 'heuristic',
}, ({ title, metaDescription }) => {
  const described = metaDescription !== null && metaDescription.trim() !== '';
  const value = `title of ${title.length} characters, ${described ? `description of ${metaDescription.length}` : 'no description'}`;
  if (title.trim() === '') return fail(value);
  return title.length > 60 || !described ? warn(value) : pass(value);
});

/** Whether axe, which sees layers and inner elements its own way, measured the contrasts and finds this one sufficient. */
function isReadableToAxe(view: View, { id, selector }: PageElement): boolean {
  return view.axeRan.includes('color-contrast') && !view.axe.some((violation) => violation.rule === 'color-contrast'
    && violation.nodes.some((node) => node.element === id || node.selector === selector));
}

function headlineOf(view: View): (string | null)[] {
  return view.headings.filter((heading) => heading.level === 1 && heading.visible).map((heading) => heading.element).slice(0, 1);
}

function quotedList(elements: PageElement[]): string {
  return elements.slice(0, 5).map((element) => `"${labelOf(element)}"`).join(', ');
}

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}

export const attention: Rule[] = [present, fold, covered, contrast, size, competing, vague, headline, hero, meta];

import type { Goal } from '@cro-analyzer/protocol/messages';
import type { Evidence, PageElement, View } from '../evidence.ts';
import { CART } from '../words.ts';

/** Visible calls to action outside overlays, from the top of the page down. */
export function actionsOf(view: View): PageElement[] {
  return view.elements
    .filter((element) => element.visible && element.cta !== null && element.landmark !== 'overlay')
    .sort((a, b) => a.box.y - b.box.y);
}

/**
 * The action that the page is for: the topmost primary one (on a product page one that buys, else of those in the
 * main content); where no action is primary, the largest secondary one of the main content. Undefined where there is none.
 */
export function mainAction(view: View, evidence: Evidence): PageElement | undefined {
  const actions = actionsOf(view);
  const inMain = actions.filter((element) => element.landmark === 'main');
  const primary = (element: PageElement): boolean => element.cta === 'primary';
  const buys = (element: PageElement): boolean => primary(element) && CART.test(labelOf(element));
  const buying = evidence.businessType === 'product' ? inMain.find(buys) ?? actions.find(buys) ?? inMain.find(primary) : undefined;
  const first = buying ?? actions.find(primary);
  return first ?? inMain.toSorted((a, b) => area(b) - area(a))[0];
}

/** Whether the page is there to be read: it owes nobody a button in the first screen. */
export function isForReading({ businessType }: Evidence, goal: Goal): boolean {
  return goal === 'read' || (goal === 'auto' && businessType === 'content');
}

/** What a visitor reads on it. */
export function labelOf(element: PageElement): string {
  return element.text || element.name;
}

function area({ box }: PageElement): number {
  return box.width * box.height;
}

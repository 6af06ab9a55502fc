import axe from 'axe-core';
import type { View } from '../evidence.ts';
import { audit } from './in-page/audit.ts';
import { PageChanged, type World } from './world.ts';

/** The rules that the checks rest on. Asked for by name, so that target-size, which is off by default, runs too. */
const RULES = [
  'color-contrast', 'label', 'select-name', 'autocomplete-valid', 'target-size', 'meta-viewport',
  'page-has-heading-one', 'image-alt', 'link-name', 'button-name',
];

/** Runs axe-core; null when it does not finish within a step, or when it trips over the page. */
export async function runAxe(world: World): Promise<Pick<View, 'axe' | 'axeRan'> | null> {
  try {
    await world.load(axe.source);
    const { violations, ran } = await world.run(audit, { rules: RULES });
    return { axe: violations, axeRan: ran };
  } catch (error) {
    if (error instanceof PageChanged) throw error;
    return null;
  }
}

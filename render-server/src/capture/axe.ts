import axe from 'axe-core';
import { RenderError } from '../errors.ts';
import type { View } from '../evidence.ts';
import { audit } from './in-page/audit.ts';
import { PageChanged, type World } from './world.ts';

/** The rules that the checks rest on. Asked for by name, so that target-size, which is off by default, runs too. */
const RULES = [
  'color-contrast', 'label', 'select-name', 'autocomplete-valid', 'target-size', 'meta-viewport',
  'page-has-heading-one', 'image-alt', 'link-name', 'button-name',
];

/** What axe-core found, and what it could not look at, in words. Without `axeRan` nothing is known. */
export interface Audit extends Pick<View, 'axe' | 'axeRan'> {
  limit: string | null;
}

/**
 * Runs axe-core, which is ended when it takes longer than a step. Whatever goes wrong is said in `limit`.
 * @throws RenderError page_stuck when the page cannot be woken afterwards; PageChanged
 */
export async function runAxe(world: World): Promise<Audit> {
  try {
    await world.load(axe.source);
    const { violations, ran, scope } = await world.run(audit, { rules: RULES });
    const limit = { all: null, listed: 'The accessibility rules looked at the listed elements alone: the page has very many.', none: 'The page has too many elements for the accessibility rules: what they measure is unknown.' }[scope];
    return { axe: violations, axeRan: ran, limit };
  } catch (error) {
    if (error instanceof PageChanged || !(error instanceof RenderError)) throw error;
    if (error.code !== 'page_stuck') return { axe: [], axeRan: [], limit: 'The accessibility rules could not run on this page: what they measure is unknown.' };
    await world.interrupt();
    return { axe: [], axeRan: [], limit: 'The accessibility rules did not finish in time: what they measure is unknown.' };
  }
}

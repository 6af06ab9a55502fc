import type { Device } from '@cro-analyzer/protocol/messages';
import type { CDPSession } from 'playwright-core';
import { TEXT_LIMIT, type Evidence, type View } from '../evidence.ts';
import { runAxe } from './axe.ts';
import type { Bounds } from './bounds.ts';
import { DEVICES } from './devices.ts';
import { readElements } from './elements.ts';
import { formOf } from './forms.ts';
import { readFacts, type PageFacts } from './in-page/facts.ts';
import { readForms } from './in-page/forms.ts';
import { findOverlays } from './in-page/overlays.ts';
import { outline } from './in-page/rest.ts';
import { overlayOf } from './overlays.ts';
import { takeTiles } from './screenshots.ts';
import { structuredDataOf } from './structured-data.ts';
import { hasChanged } from './watch.ts';
import { World } from './world.ts';

/** One view without what its listeners gathered, what the document says of itself, and what could not be seen. */
export interface Measured {
  view: Omit<View, 'network' | 'console'>;
  document: Pick<Evidence, 'title' | 'metaDescription' | 'language'>;
  limits: string[];
}

/**
 * Measures a page at rest. Pictures are taken right after the boxes, so that both show the same page; axe comes last.
 * @throws RenderError page_stuck; PageChanged
 */
export async function measure(cdp: CDPSession, device: Device, bounds: Bounds, onPart: (share: number, message: string) => void): Promise<Measured> {
  const world = await World.open(cdp, bounds.step);
  const before = await world.run(outline, null);
  const overlays = (await world.run(findOverlays, null)).map(overlayOf);
  const foreign = overlays.flatMap(({ kind }, index) => (kind === 'bar' ? [] : [index]));
  const { elements, left } = await readElements(world, device, foreign);
  const forms = (await world.run(readForms, null)).map(formOf);
  const facts = await world.run(readFacts, { textMax: TEXT_LIMIT });
  onPart(0.4, `Taking pictures (${device})`);
  const tiles = await takeTiles(cdp, device, facts.page, bounds.step);
  onPart(0.7, `Checking accessibility (${device})`);
  const audit = await runAxe(world);
  const unrest = hasChanged(before, await world.run(outline, null));

  const limits = limitsOf(facts, left);
  if (unrest) limits.push('The page was still changing while it was measured.');
  if (audit.limit !== null) limits.push(audit.limit);
  const pictured = tiles.reduce((sum, { box }) => sum + box.height, 0);
  if (pictured < facts.page.height) limits.push(`The pictures show the first ${pictured} px of ${facts.page.height} px.`);

  return {
    view: {
      device,
      viewport: DEVICES[device].viewport,
      page: facts.page,
      screen: facts.screen,
      unseen: { unrest, transparent: facts.transparent, frames: facts.frames },
      tiles,
      elements,
      headings: facts.headings,
      forms,
      overlays,
      text: facts.text,
      images: facts.images,
      structuredData: structuredDataOf(facts.jsonLd.blocks),
      metaViewport: facts.metaViewport,
      axe: audit.axe,
      axeRan: audit.axeRan,
    },
    document: { title: facts.title, metaDescription: facts.metaDescription, language: facts.language },
    limits,
  };
}

function limitsOf(facts: PageFacts, left: number): string[] {
  const limits: string[] = [];
  if (left > 0) limits.push(`${left} elements of less weight were not listed.`);
  if (facts.elementsCut) limits.push('The page has more elements than were looked at.');
  if (facts.frames.length > 0) limits.push(`Embedded frames were not looked into: ${facts.frames.join(', ')}.`);
  if (facts.scrollsInside) limits.push('The page scrolls inside a box of its own: the pictures end with the first screen.');
  if (facts.canvasShare > 0.1) limits.push(`A canvas draws ${Math.round(facts.canvasShare * 100)}% of the first screen: only the picture shows what is in it.`);
  if (facts.crossesShadow) limits.push('Some elements are inside web components: their selectors work in Playwright, not in querySelector.');
  if (facts.jsonLd.tooLong > 0) limits.push('Some structured data was too long to read.');
  return limits;
}

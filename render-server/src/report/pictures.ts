/** Screenshots in the report: each tile is embedded once, and every crop looks at it through a window. */
import type { Box, Device } from '@cro-analyzer/protocol/messages';
import type { Tile, View } from '../evidence.ts';
import { html, type Markup } from './markup.ts';

/** How wide a crop is shown at most, in CSS pixels of the report; sizes of marks follow from it. */
const SHOWN_WIDTH: Record<Device, number> = { desktop: 560, mobile: 280 };

/** Room around what is marked, and the bounds of a crop, in CSS pixels of the page. */
const MARGIN = 90;
const CROP: Record<Device, { width: number; minHeight: number; maxHeight: number }> = {
  desktop: { width: 860, minHeight: 480, maxHeight: 900 },
  mobile: { width: 390, minHeight: 420, maxHeight: 640 },
};

/** Height to width below which a crop becomes a strip that shows nothing of its surroundings. */
const FLATTEST = 0.55;

export interface Mark {
  number: number;
  box: Box;
}

export class Pictures {
  private readonly views: View[];
  private readonly used = new Map<string, Tile>();

  constructor(views: View[]) {
    this.views = views;
  }

  /** The page around these marks, with a numbered frame on each; null where no screenshot shows that part. */
  around(device: Device, marks: Mark[], label: string): Markup | null {
    const view = this.viewOf(device);
    if (view === undefined) return null;
    const crop = cropAround(view, marks.map(({ box }) => box));
    return marks.some(({ box }) => overlap(box, crop)) ? this.window(view, crop, marks, label) : null;
  }

  /** What a visitor sees first; null where there is no screenshot of it. */
  firstScreen(device: Device, label: string): Markup | null {
    const view = this.viewOf(device);
    if (view === undefined) return null;
    const { width, height } = view.viewport;
    return this.window(view, { x: 0, y: 0, width, height: Math.min(height, view.page.height) }, [], label);
  }

  /** The tiles that were asked for; must stand in the page before the windows that look at them. */
  definitions(): Markup {
    return html`<svg class="sources" width="0" height="0" aria-hidden="true"><defs>${[...this.used].map(([id, tile]) => html`<image id="${id}" width="${tile.box.width}" height="${tile.box.height}" preserveAspectRatio="none" href="data:${tile.contentType};base64,${tile.data.toString('base64')}"/>`)}</defs></svg>`;
  }

  private viewOf(device: Device): View | undefined {
    return this.views.find((view) => view.device === device);
  }

  private window(view: View, crop: Box, marks: Mark[], label: string): Markup | null {
    const tiles = view.tiles.filter(({ box }) => overlap(box, crop));
    if (tiles.length === 0 || crop.height <= 0) return null;
    const unit = crop.width / SHOWN_WIDTH[view.device];
    const visible = marks.filter(({ box }) => overlap(box, crop));
    return html`<svg class="shot ${view.device}" viewBox="${round(crop.x)} ${round(crop.y)} ${round(crop.width)} ${round(crop.height)}" role="img" aria-label="${label}">${tiles.map((tile) => {
      const id = `tile-${view.device}-${tile.index}`;
      this.used.set(id, tile);
      return html`<use href="#${id}" x="${tile.box.x}" y="${tile.box.y}"/>`;
    })}${visible.map(({ box }) => frame(box, crop, unit))}${visible.map((mark) => badge(mark, crop, unit))}</svg>`;
  }
}

function frame(box: Box, crop: Box, unit: number): Markup {
  const gap = 4 * unit;
  const left = Math.max(box.x - gap, crop.x + 2 * unit);
  const top = Math.max(box.y - gap, crop.y + 2 * unit);
  const right = Math.min(box.x + box.width + gap, crop.x + crop.width - 2 * unit);
  const bottom = Math.min(box.y + box.height + gap, crop.y + crop.height - 2 * unit);
  const rect = html`x="${round(left)}" y="${round(top)}" width="${round(Math.max(1, right - left))}" height="${round(Math.max(1, bottom - top))}" rx="${round(4 * unit)}"`;
  return html`<rect class="halo" ${rect}/><rect class="frame" ${rect}/>`;
}

/** The number at the frame's top left corner; drawn after all frames, so that none hides it. */
function badge({ number, box }: Mark, crop: Box, unit: number): Markup {
  const radius = 12 * unit;
  const x = round(clamp(box.x - 4 * unit, crop.x + radius + 2 * unit, crop.x + crop.width - radius - 2 * unit));
  const y = round(clamp(box.y - 4 * unit, crop.y + radius + 2 * unit, crop.y + crop.height - radius - 2 * unit));
  return html`<circle class="badge" cx="${x}" cy="${y}" r="${round(radius)}"/><text class="number" x="${x}" y="${y}" font-size="${round(13 * unit)}" text-anchor="middle" dominant-baseline="central">${number}</text>`;
}

/** A window with room around the boxes, within what was photographed; where they lie too far apart it stays with the first. */
function cropAround(view: View, boxes: Box[]): Box {
  const bounds = CROP[view.device];
  const [first = { x: 0, y: 0, width: view.viewport.width, height: view.viewport.height }] = boxes;
  let union = first;
  for (const box of boxes) {
    const wider = unite(union, box);
    if (wider.height + 2 * MARGIN <= bounds.maxHeight) union = wider;
  }
  // A page wider or longer than its screenshots would be shown with white in their place.
  const reach = view.tiles.map(({ box }) => box).reduce(unite, { x: 0, y: 0, width: 0, height: 0 });
  const width = Math.min(reach.width, Math.max(bounds.width, union.width + 2 * MARGIN));
  const height = Math.min(reach.height, clamp(union.height + 2 * MARGIN, Math.max(bounds.minHeight, width * FLATTEST), bounds.maxHeight));
  return {
    x: clamp(union.x + union.width / 2 - width / 2, 0, reach.width - width),
    // What is taller than the window is shown from its top.
    y: clamp(union.y + Math.min(union.height + 2 * MARGIN, height) / 2 - MARGIN - height / 2, 0, reach.height - height),
    width,
    height,
  };
}

function unite(a: Box, b: Box): Box {
  const x = Math.min(a.x, b.x);
  const y = Math.min(a.y, b.y);
  return { x, y, width: Math.max(a.x + a.width, b.x + b.width) - x, height: Math.max(a.y + a.height, b.y + b.height) - y };
}

function overlap(a: Box, b: Box): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(value, high));
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

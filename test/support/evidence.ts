/** Evidence by hand: a small product page in order, to which a test adds what it is about. */
import type { Check, Device } from '@cro-analyzer/protocol/messages';
import type { Evidence, PageElement, Tile, View } from '../../render-server/src/evidence.ts';
import { pngOf } from './png.ts';

/** A page seen on one desktop, unless the overrides say otherwise. */
export function evidenceOf(overrides: Partial<Evidence> = {}): Evidence {
  return {
    requestedUrl: 'https://shop.example/mug',
    url: 'https://shop.example/mug',
    status: 200,
    title: 'The Blue Mug',
    metaDescription: 'A mug that keeps tea warm',
    language: 'en',
    businessType: 'product',
    views: [viewOf('desktop')],
    limits: [],
    ...overrides,
  };
}

/** One device's view of that page: a heading and an action, one tile, nothing broken. */
export function viewOf(device: Device, overrides: Partial<View> = {}): View {
  const mobile = device === 'mobile';
  const [width, height] = mobile ? [390, 844] : [1440, 900];
  const prefix = mobile ? 'm' : 'd';
  return {
    device,
    viewport: { width, height, scale: mobile ? 2 : 1 },
    page: { width, height: 1800, clientWidth: width },
    screen: { width, height },
    unseen: { unrest: false, transparent: 0, frames: [] },
    tiles: [tileOf({ box: { x: 0, y: 0, width, height: 1800 } })],
    elements: [
      elementOf({ id: `${prefix}1`, kind: 'heading', tag: 'h1', role: 'heading', text: 'The Blue Mug', selector: 'h1' }),
      elementOf({ id: `${prefix}2`, text: 'Add to cart', selector: '#buy', cta: 'primary', box: { x: 20, y: 400, width: 160, height: 48 } }),
    ],
    headings: [{ level: 1, text: 'The Blue Mug', visible: true, fontSize: 32, box: { x: 20, y: 20, width: 300, height: 40 }, element: `${prefix}1` }],
    forms: [],
    overlays: [],
    text: { full: 'The Blue Mug Keeps tea warm for hours. Add to cart', firstScreen: 'The Blue Mug Keeps tea warm for hours. Add to cart', characters: 50, smallCharacters: 0 },
    images: { total: 1, broken: [] },
    structuredData: { nodes: [], errors: [] },
    metaViewport: 'width=device-width, initial-scale=1',
    axe: [],
    axeRan: [],
    network: { requests: 4, bytes: 120_000, failed: [], mixedContent: [] },
    console: { errors: [], pageErrors: [], foreignErrors: [] },
    ...overrides,
  };
}

export function elementOf(overrides: Partial<PageElement> = {}): PageElement {
  const text = overrides.text ?? 'Buy now';
  return {
    id: 'd9',
    kind: 'button',
    tag: 'button',
    role: 'button',
    name: text,
    text,
    selector: 'button',
    box: { x: 20, y: 20, width: 300, height: 40 },
    visible: true,
    inFirstScreen: true,
    covered: 0,
    href: null,
    style: { color: 'rgb(0, 0, 0)', background: 'rgb(255, 255, 255)', fontSize: 16, fontWeight: 400 },
    cta: null,
    landmark: 'main',
    ...overrides,
  };
}

/** A tile with a real picture of the size that the box has. */
export function tileOf(overrides: Partial<Tile> = {}): Tile {
  const box = overrides.box ?? { x: 0, y: 0, width: 1440, height: 1800 };
  const width = overrides.width ?? box.width;
  const height = overrides.height ?? box.height;
  return { index: 0, box, width, height, contentType: 'image/png', data: overrides.data ?? pngOf(width, height), ...overrides };
}

export function checkOf(overrides: Partial<Check> = {}): Check {
  return {
    id: 'cta.fold',
    title: 'The main action is seen without scrolling',
    category: 'attention',
    device: 'desktop',
    status: 'fail',
    value: 'at 1,900 px, below the first screen',
    threshold: 'within 900 px',
    elements: [],
    method: 'box against viewport',
    source: 'heuristic',
    ...overrides,
  };
}

import type { Device } from '@cro-analyzer/protocol/messages';
import { setTimeout as delay } from 'node:timers/promises';
import type { CDPSession } from 'playwright-core';
import { RenderError } from '../errors.ts';
import type { Tile, View } from '../evidence.ts';
import { within } from '../bounded.ts';
import { DEVICES } from './devices.ts';

/**
 * Pictures are cut so that Claude sees them whole: it takes ceil(w/28) x ceil(h/28) tokens for an image and
 * shrinks one over 4,784 tokens or 2,576 px a side. 1440 x 2000 px is 3,744 tokens, 780 x 2000 px 2,016.
 */
const TILE_HEIGHT = 2_000;
/** Three desktop and three mobile tiles are some 17,000 tokens: most of what one analysis may cost in pictures. */
const TILES_MAX = 3;
const JPEG_QUALITY = 80;
/** How often a picture is asked for, and the pause before it is asked for again, in ms. */
const DRAW_TRIES = 10;
const DRAW_PAUSE_MS = 200;
/** In CSS pixels. To draw what is outside the viewport, Chromium lays the whole page out anew for each picture: 2 s at 900,000 px. */
const DRAWN_WHOLE_MAX = 100_000;

/**
 * The page from its top in tiles. Taken from one layout at scroll 0, so that fixed and sticky parts stand
 * where the first screen shows them and are not repeated. Of a page taller than 100,000 px the first screen alone.
 * @throws RenderError page_stuck when the browser does not draw a tile within `stepMs`, browser_crashed when it refuses to
 */
export async function takeTiles(cdp: CDPSession, device: Device, page: View['page'], stepMs: number): Promise<Tile[]> {
  const { viewport } = DEVICES[device];
  const width = Math.max(page.clientWidth, viewport.width);
  // A page laid out wider than the phone is shown zoomed out, as the phone shows it.
  const scale = viewport.width * viewport.scale / width;
  const isWhole = page.height <= DRAWN_WHOLE_MAX;
  const step = isWhole ? Math.floor(TILE_HEIGHT / scale) : Math.floor(viewport.height * width / viewport.width);
  const count = isWhole ? Math.min(TILES_MAX, Math.ceil(page.height / step)) : 1;
  const tiles: Tile[] = [];
  for (let index = 0; index < count; index += 1) {
    const box = { x: 0, y: index * step, width, height: Math.min(step, page.height - index * step) };
    const { data } = await within(
      draw(cdp, { format: 'jpeg', quality: JPEG_QUALITY, captureBeyondViewport: isWhole, clip: { ...box, scale } }),
      stepMs,
      () => new RenderError('page_stuck', `The browser could not draw the page within ${stepMs / 1000} s.`),
    );
    const picture = Buffer.from(data, 'base64');
    tiles.push({ index, box, ...jpegSize(picture), contentType: 'image/jpeg', data: picture });
  }
  return tiles;
}

/** Chromium refuses a picture now and then of a page that is well, mostly of one that it has not drawn yet on a busy machine. */
async function draw(cdp: CDPSession, options: Parameters<typeof cdp.send<'Page.captureScreenshot'>>[1]): Promise<{ data: string }> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await cdp.send('Page.captureScreenshot', options);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.includes('Unable to capture screenshot')) throw error;
      if (tries === DRAW_TRIES) throw new RenderError('browser_crashed', 'The browser did not draw the page.', { reason: 'no_picture', cause: error });
      await delay(DRAW_PAUSE_MS);
    }
  }
}

/** Width and height in the frame header (SOF) of a JPEG. @throws Error when there is none */
function jpegSize(jpeg: Buffer): { width: number; height: number } {
  for (let at = 2; at + 9 < jpeg.length; at += 2 + jpeg.readUInt16BE(at + 2)) {
    const marker = jpeg.readUInt8(at + 1);
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame) return { height: jpeg.readUInt16BE(at + 5), width: jpeg.readUInt16BE(at + 7) };
  }
  throw new Error('a JPEG without a frame header');
}

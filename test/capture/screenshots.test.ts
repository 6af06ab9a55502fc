import { expect, test } from 'vitest';
import { page, useCapturing } from '../support/capturing.ts';
import { testSites } from '../support/site.ts';

const { capture } = useCapturing();
const tokens = ({ width, height }: { width: number; height: number }): number => Math.ceil(width / 28) * Math.ceil(height / 28);

test.each(['/product', '/saas', '/lead'])('every tile of %s is a JPEG within what Claude sees whole, and together they show the page', async (path) => {
  const { views } = await capture(testSites(), { path, devices: ['desktop', 'mobile'] });
  for (const view of views) {
    expect(view.tiles.length).toBeGreaterThan(0);
    expect(view.tiles.length).toBeLessThanOrEqual(3);
    for (const [index, tile] of view.tiles.entries()) {
      expect(tile).toMatchObject({ index, width: view.viewport.width * view.viewport.scale, contentType: 'image/jpeg' });
      expect(tile.height).toBeLessThanOrEqual(2_000);
      expect(tokens(tile)).toBeLessThanOrEqual(4_784);
      expect(tile.height).toBe(tile.box.height * view.viewport.scale);
      expect(tile.box.y).toBe(view.tiles.slice(0, index).reduce((sum, { box }) => sum + box.height, 0));
      expect(tile.data.subarray(0, 2).toString('hex')).toBe('ffd8');
    }
  }
});

test('a page taller than its tiles says how much is missing', async () => {
  const { views, limits } = await capture(page('<h1>Tall</h1><p style="height:9000px">Very</p>'));
  expect(views[0]?.tiles.map(({ box }) => box.height)).toEqual([2_000, 2_000, 2_000]);
  expect(limits.join()).toContain('first 6000 px');
});

test('a page laid out wider than the phone is pictured zoomed out, within the same limits', async () => {
  const html = '<!doctype html><html lang="en"><title>Old</title><body><h1>Made for desks</h1><p style="height:4000px">Long</p></body></html>';
  const { views } = await capture(html, { devices: ['mobile'] });
  const [tile] = views[0]?.tiles ?? [];
  expect(views[0]?.page.clientWidth).toBe(980);
  expect(tile?.box.width).toBe(980);
  expect(tile?.width).toBe(780);
  expect(tile?.height).toBeLessThanOrEqual(2_000);
});

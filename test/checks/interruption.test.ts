import { describe, expect, test } from 'vitest';
import type { Overlay } from '../../render-server/src/evidence.ts';
import { elementOf } from '../support/evidence.ts';
import { measure } from '../support/measure.ts';
import { overlayOf, pageWith } from '../support/page-parts.ts';

const box = (width: number, height: number, x = 0, y = 0) => ({ x, y, width, height });

describe('overlay.coverage', () => {
  const covering = (...boxes: ReturnType<typeof box>[]) => pageWith({ overlays: boxes.map((each) => overlayOf({ box: each })) });
  test('passes without overlays and at 15%', () => {
    expect(measure('overlay.coverage', pageWith({})).status).toBe('pass');
    expect(measure('overlay.coverage', covering(box(1440, 135))).status).toBe('pass');
  });
  test('warns above 15% and fails above 30%', () => {
    expect(measure('overlay.coverage', covering(box(1440, 136))).status).toBe('warn');
    expect(measure('overlay.coverage', covering(box(1440, 271))).status).toBe('fail');
  });
  test('counts a dialog within its backdrop once, and nothing outside the viewport', () => {
    expect(measure('overlay.coverage', covering(box(1440, 135), box(400, 100, 20, 20), box(1440, 900, 0, 900))).status).toBe('pass');
  });
  test('leaves out the header that stands in its own place', () => {
    const overlays = [overlayOf({ kind: 'bar', inPlace: true, box: box(1440, 170) }), overlayOf({ box: box(1440, 100, 0, 800) })];
    expect(measure('overlay.coverage', pageWith({ overlays }))).toMatchObject({ status: 'pass', value: expect.stringContaining('11%') });
  });
  test('adds up overlays that lie apart, and cites what stands in them', () => {
    const overlays = [overlayOf({ box: box(1440, 100) }), overlayOf({ box: box(1440, 100, 0, 800) })];
    const elements = [elementOf({ id: 'd1', landmark: 'overlay', box: box(40, 20, 10, 10) }), elementOf({ id: 'd2', box: box(40, 20, 10, 10) })];
    expect(measure('overlay.coverage', pageWith({ overlays, elements }))).toMatchObject({ status: 'warn', elements: ['d1'], value: expect.stringContaining('22%') });
  });
});

describe('overlay.blocking', () => {
  test('passes when half of the points are hit', () => {
    expect(measure('overlay.blocking', pageWith({ overlays: [overlayOf({ blocked: 0.3 }), overlayOf({ blocked: 0.2 })] })).status).toBe('pass');
  });
  test('fails above half', () => {
    expect(measure('overlay.blocking', pageWith({ overlays: [overlayOf({ blocked: 0.51 })] })).status).toBe('fail');
  });
});

describe('overlay.close', () => {
  test('passes for a close control in view', () => {
    expect(measure('overlay.close', pageWith({ overlays: [overlayOf()] }))).toMatchObject({ status: 'pass', value: 'closed with "Close"' });
  });
  test('fails without one, and quotes the overlay', () => {
    expect(measure('overlay.close', pageWith({ overlays: [overlayOf({ close: null })] })))
      .toMatchObject({ status: 'fail', value: 'no close control on "Ten percent off"' });
  });
  test('is unknown where a way out may be one that was not read', () => {
    const stuck = (overlay: Partial<Overlay>, language: string | null = 'en') => measure('overlay.close', pageWith({ overlays: [overlayOf({ close: null, controls: ['Sign up'], ...overlay })] }, { language })).status;
    expect(stuck({})).toBe('fail');
    expect([stuck({}, 'it'), stuck({}, null), stuck({ frames: true }), stuck({ controls: [] }), stuck({ controls: ['Sign up', ''] })]).toEqual(Array(5).fill('unknown'));
  });
  test('fails for one that is too small or out of view', () => {
    for (const where of [box(23, 24), box(40, 40, 1420, 10)]) {
      expect(measure('overlay.close', pageWith({ overlays: [overlayOf({ close: { selector: 'b', name: 'x', box: where } })] })).status).toBe('fail');
    }
  });
  test('is unknown where nothing needs closing: bars, chat launchers, small things', () => {
    const overlays = [overlayOf({ kind: 'bar', close: null }), overlayOf({ kind: 'chat', close: null }), overlayOf({ kind: 'other', coverage: 0.05, close: null })];
    expect(measure('overlay.close', pageWith({ overlays })).status).toBe('unknown');
  });
});

import { describe, expect, test } from 'vitest';
import type { View } from '../../render-server/src/evidence.ts';
import { elementOf } from '../support/evidence.ts';
import { measure } from '../support/measure.ts';
import { pageWith, phonePageWith, textOf } from '../support/page-parts.ts';

describe('mobile.overflow', () => {
  test('passes with one pixel of rounding', () => {
    expect(measure('mobile.overflow', phonePageWith({ page: { width: 391, height: 2000, clientWidth: 390 } })).status).toBe('pass');
  });
  test('fails for a wider page and cites what sticks out', () => {
    const elements = [elementOf({ id: 'm1', box: { x: 0, y: 0, width: 640, height: 30 } }), elementOf({ id: 'm2' })];
    expect(measure('mobile.overflow', phonePageWith({ page: { width: 640, height: 2000, clientWidth: 390 }, elements })))
      .toMatchObject({ status: 'fail', elements: ['m1'], value: 'the page is 640 px wide on a screen of 390 px' });
  });
});

describe('mobile.targets', () => {
  const axe: View['axe'] = [{ rule: 'target-size', impact: 'serious', help: '', nodes: [{ selector: 'a', element: 'm1', summary: '' }] }];
  test('passes when axe finds nothing', () => {
    expect(measure('mobile.targets', phonePageWith({})).status).toBe('pass');
  });
  test('warns for what axe finds', () => {
    expect(measure('mobile.targets', phonePageWith({ axe }))).toMatchObject({ status: 'warn', elements: ['m1'] });
  });
  test('is unknown when the rule did not run', () => {
    expect(measure('mobile.targets', phonePageWith({ axeRan: ['label'] })).status).toBe('unknown');
  });
});

describe('mobile.font', () => {
  const small = (smallCharacters: number) => phonePageWith({ text: { ...textOf(''), characters: 1000, smallCharacters } });
  test('passes at a tenth', () => {
    expect(measure('mobile.font', small(100)).status).toBe('pass');
  });
  test('warns above a tenth', () => {
    expect(measure('mobile.font', small(110))).toMatchObject({ status: 'warn', value: '11% of 1,000 characters are smaller than 12 px' });
  });
  test('is unknown without text', () => {
    expect(measure('mobile.font', phonePageWith({})).status).toBe('unknown');
  });
});

describe('mobile.viewport', () => {
  test('passes for the usual tag', () => {
    expect(measure('mobile.viewport', phonePageWith({})).status).toBe('pass');
  });
  test('fails without a tag and where zooming is off', () => {
    for (const metaViewport of [null, 'width=device-width, user-scalable=no', 'width=device-width, maximum-scale=1']) {
      expect(measure('mobile.viewport', phonePageWith({ metaViewport })).status, String(metaViewport)).toBe('fail');
    }
  });
});

test('everything about phones is unknown when none was asked for', () => {
  const evidence = pageWith({});
  for (const id of ['mobile.overflow', 'mobile.targets', 'mobile.font', 'mobile.viewport']) {
    expect(measure(id, evidence)).toMatchObject({ status: 'unknown', device: 'mobile' });
  }
});

import { describe, expect, test } from 'vitest';
import type { Network } from '../../render-server/src/evidence.ts';
import { elementOf } from '../support/evidence.ts';
import { measure } from '../support/measure.ts';
import { pageWith } from '../support/page-parts.ts';

const network = (overrides: Partial<Network>): Network => ({ requests: 3, bytes: 1000, failed: [], mixedContent: [], ...overrides });

describe('weight', () => {
  const weighing = (kib: number) => pageWith({ network: network({ bytes: kib * 1024 }) });
  test('passes up to 2,667 KiB', () => {
    expect(measure('weight', weighing(2667)).status).toBe('pass');
  });
  test('warns above it and fails above 4,000 KiB', () => {
    expect(measure('weight', weighing(2668)).status).toBe('warn');
    expect(measure('weight', weighing(4001))).toMatchObject({ status: 'fail', value: '4,001 KiB in 3 requests' });
  });
  test('is unknown when no request was seen', () => {
    expect(measure('weight', pageWith({ network: network({ requests: 0, bytes: 0 }) })).status).toBe('unknown');
  });
});

describe('broken', () => {
  const image = (inFirstScreen: boolean) => ({ total: 4, broken: [{ selector: 'img', src: 'https://shop.example/img/kettle.jpg', inFirstScreen }] });
  test('passes when only the console has messages', () => {
    expect(measure('broken', pageWith({ console: { errors: ['a cookie was refused'], pageErrors: [], foreignErrors: [] } })).status).toBe('pass');
  });
  test('warns for a broken picture further down and names its file', () => {
    const elements = [elementOf({ id: 'd7', kind: 'image', selector: 'img' })];
    expect(measure('broken', pageWith({ images: image(false), elements })))
      .toMatchObject({ status: 'warn', value: 'broken pictures: 1 of 4 (kettle.jpg)', elements: ['d7'] });
  });
  test('fails for one in the first screen and for a script error', () => {
    expect(measure('broken', pageWith({ images: image(true) })).status).toBe('fail');
    expect(measure('broken', pageWith({ console: { errors: [], pageErrors: ['x is not defined'], foreignErrors: [] } })).status).toBe('fail');
  });
  test('warns for an error in a script of others', () => {
    expect(measure('broken', pageWith({ console: { errors: [], pageErrors: [], foreignErrors: ['x is not defined'] } })).status).toBe('warn');
  });
  test('passes when a script learns that nobody is signed in', () => {
    const answered = (status: number, type: string) => measure('broken', pageWith({ network: network({ failed: [{ url: 'https://shop.example/api/me', status, type, sameOrigin: true }] }) })).status;
    expect([answered(401, 'fetch'), answered(403, 'xhr')]).toEqual(['pass', 'pass']);
    expect([answered(500, 'fetch'), answered(403, 'script')]).toEqual(['warn', 'warn']);
  });
  test('warns for a failed request of the site itself and not for one of others', () => {
    const failed = (sameOrigin: boolean) => pageWith({ network: network({ failed: [{ url: 'https://shop.example/app.js', status: 404, type: 'script', sameOrigin }] }) });
    expect(measure('broken', failed(true)).status).toBe('warn');
    expect(measure('broken', failed(false)).status).toBe('pass');
  });
});

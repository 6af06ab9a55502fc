import type { AnalysisResult, Finding } from '@cro-analyzer/protocol/messages';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Evidence } from '../../render-server/src/evidence.ts';
import { renderReport } from '../../render-server/src/report/html.ts';
import { CHROMIUM } from '../support/chromium.ts';
import { checkOf, evidenceOf, tileOf, viewOf } from '../support/evidence.ts';
import { pngOf } from '../support/png.ts';

const score = (value: number | null) => ({ value, checks: ['cta.fold@desktop'] });

function findingOf(overrides: Partial<Finding> = {}): Finding {
  return {
    id: 'f1', title: 'The action lies below the first screen', section: 'hero', whatIsWrong: 'It is at 3,000 px.', whyItMatters: 'Few get there.',
    recommendations: ['Move it up.'], category: 'attention', claimKind: 'measurement', severity: 'high', impact: 4, effort: 2, confidence: 0.95, priority: 1.9,
    devices: ['desktop'], elements: [{ id: 'd2', device: 'desktop', selector: '#buy', box: { x: 100, y: 3000, width: 160, height: 48 }, text: 'Add to cart' }],
    checks: ['cta.fold@desktop'], verdict: 'confirmed',
    ...overrides,
  };
}

function resultOf(overrides: Partial<AnalysisResult> = {}): AnalysisResult {
  return {
    page: { requestedUrl: 'https://shop.example/mug', url: 'https://shop.example/mug', title: 'The Blue Mug', status: 200, businessType: 'product' },
    summary: 'A good mug that nobody can buy.', findings: [findingOf()], rejectedFindings: [{ title: 'No reviews', reason: 'The page has them.' }],
    scores: { experience: score(81), content: score(60), speed: score(null), conversion: score(12), mobile: score(100) },
    checks: [checkOf(), checkOf({ device: 'mobile' }), checkOf({ id: 'price.visible', title: 'The price is seen', category: 'trust', status: 'unknown', value: 'not a product page' })],
    artifacts: [], usage: { inputTokens: 14_000, outputTokens: 900, cacheReadTokens: 100, cacheWriteTokens: 0, costUsd: 0.0371, timings: {} },
    analyst: { name: 'claude', model: 'claude-sonnet-5-5', language: 'de', note: 'A note.' }, limits: ['A canvas was not read.'], attempts: 1,
    ...overrides,
  };
}

/** Three tiles of 2000 px, each of its own grey. */
const long = evidenceOf({
  views: [viewOf('desktop', {
    page: { width: 1440, height: 6000, clientWidth: 1440 },
    tiles: [0, 1, 2].map((index) => tileOf({ index, box: { x: 0, y: index * 2000, width: 1440, height: 2000 }, data: pngOf(1440, 2000, 40 + index * 60) })),
  })],
});

let browser: Browser;
beforeAll(async () => {
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
});
afterAll(() => browser.close());

/** The report in a real browser, with everything it asked for and everything it complained of. */
async function show(result: AnalysisResult, evidence: Evidence = long, width = 1280): Promise<{ page: Page; asked: string[]; complaints: string[] }> {
  const page = await browser.newPage({ viewport: { width, height: 900 } });
  const asked: string[] = [];
  const complaints: string[] = [];
  page.on('request', (request) => !request.url().startsWith('data:') && asked.push(request.url()));
  page.on('console', (message) => complaints.push(message.text()));
  page.on('dialog', (dialog) => {
    complaints.push(dialog.message());
    void dialog.dismiss();
  });
  await page.setContent(renderReport({ result, evidence, generatedAt: new Date('2026-11-23T12:00:00Z') }));
  return { page, asked, complaints };
}

test('it says what was found, measured, left out and spent', async () => {
  const { page } = await show(resultOf());
  const text = await page.innerText('body');
  for (const words of [
    'The Blue Mug', '23 November 2026', 'A good mug that nobody can buy.', 'The action lies below the first screen', 'It is at 3,000 px.', 'Few get there.', 'Move it up.',
    'High severity', 'Confirmed on the page', 'at 1,900 px, below the first screen', '#buy', '1.90', '4 / 5', '95%', 'Not measured',
    'No reviews', 'The page has them.', 'A canvas was not read.', 'Claude (claude-sonnet-5-5)', '15,000', 'US$ 0.0371', 'A note.', 'What to fix',
  ]) expect(text).toContain(words);
  expect(await page.locator('.scores text').allTextContents()).toEqual(['12', '81', '60', '100', 'n/a']);
  await page.close();
});

test('it needs nothing but itself, and its own policy lets all of it through', async () => {
  const { page, asked, complaints } = await show(resultOf());
  expect([asked, complaints]).toEqual([[], []]);
  expect(await page.locator('.cover').evaluate((element) => getComputedStyle(element).backgroundColor)).toBe('rgb(22, 50, 79)');
  expect(await page.locator('script, link, iframe, [style], [onclick]').count()).toBe(0);
  await page.close();
});

describe('a finding stands beside the real screenshot', () => {
  test('with its numbered frame on the very place of the element', async () => {
    const { page } = await show(resultOf());
    const { frame, shot } = await page.locator('article .shot').evaluate((svg) => {
      const inner = svg.querySelector('.frame')?.getBoundingClientRect();
      const outer = svg.getBoundingClientRect();
      const [x = 0, y = 0, width = 1] = (svg.getAttribute('viewBox') ?? '').split(' ').map(Number);
      const scale = width / outer.width;
      return {
        frame: inner === undefined ? null : { x: x + (inner.x - outer.x) * scale, y: y + (inner.y - outer.y) * scale, right: x + (inner.right - outer.x) * scale, bottom: y + (inner.bottom - outer.y) * scale },
        shot: { width: outer.width, height: outer.height },
      };
    });
    expect(shot.height).toBeGreaterThan(150);
    expect(frame).not.toBeNull();
    for (const [edge, expected] of [[frame?.x, 100], [frame?.y, 3000], [frame?.right, 260], [frame?.bottom, 3048]] as const) {
      expect(Math.abs((edge ?? 0) - expected)).toBeLessThan(15);
    }
    expect(await page.locator('article .number').allTextContents()).toEqual(['1']);
    await page.close();
  });

  test('on the tile that shows it: the pixels behind the frame are that tile\'s', async () => {
    const { page } = await show(resultOf());
    const picture = await page.locator('article .shot').screenshot({ type: 'png' });
    const grey = await page.evaluate(async (base64) => {
      const bitmap = await createImageBitmap(await (async () => new Blob([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))]))());
      const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
      const context = canvas.getContext('2d');
      context?.drawImage(bitmap, 0, 0);
      return context?.getImageData(bitmap.width - 20, bitmap.height - 20, 1, 1).data[0];
    }, picture.toString('base64'));
    expect(grey).toBe(100);
    await page.close();
  });

  test('and tiles that no finding shows are left out of the file', async () => {
    const { page } = await show(resultOf());
    expect(await page.locator('defs image').evaluateAll((images) => images.map(({ id }) => id))).toEqual(['tile-desktop-0', 'tile-desktop-1']);
    await page.close();
  });

  test('or the first screen where it names no element', async () => {
    const { page } = await show(resultOf({ findings: [findingOf({ elements: [] })] }));
    expect(await page.locator('article .shot').getAttribute('viewBox')).toBe('0 0 1440 900');
    expect(await page.locator('article .frame').count()).toBe(0);
    await page.close();
  });

  test('within what was photographed, where the page is wider and longer than that', async () => {
    const wide = evidenceOf({ views: long.views.map((view) => ({ ...view, page: { width: 2900, height: 9000, clientWidth: 1440 } })) });
    const corner = findingOf({ elements: [{ id: 'd2', device: 'desktop', selector: '#buy', box: { x: 1300, y: 5900, width: 1500, height: 300 }, text: 'Add to cart' }] });
    const { page } = await show(resultOf({ findings: [corner] }), wide);
    const [x = 0, y = 0, width = 0, height = 0] = (await page.locator('article .shot').getAttribute('viewBox') ?? '').split(' ').map(Number);
    expect(x).toBeGreaterThanOrEqual(0);
    expect([x + width, y + height]).toEqual([1440, 6000]);
    expect(await page.locator('article .frame').count()).toBe(1);
    await page.close();
  });

  test('or alone where no screenshot shows that part', async () => {
    const cut = evidenceOf({ views: long.views.map((view) => ({ ...view, tiles: view.tiles.slice(0, 1) })) });
    const { page } = await show(resultOf(), cut);
    expect(await page.locator('article').count()).toBe(1);
    expect(await page.locator('article .shot').count()).toBe(0);
    await page.close();
  });
});

test('whatever the page or the analyst wrote is text: no tag, attribute or address of theirs comes to life', async () => {
  const attack = '"><script>alert(1)</script><img src="https://evil.example/x" onerror=alert(2)>\'`</style></title><svg onload=alert(3)>';
  const hostile = resultOf({
    page: { requestedUrl: 'javascript:alert(4)', url: 'javascript:alert(4)', title: attack, status: 200, businessType: 'unknown' },
    summary: attack,
    findings: [findingOf({ title: attack, section: attack, whatIsWrong: attack, whyItMatters: attack, recommendations: [attack], elements: [{ id: 'd2', device: 'desktop', selector: attack, box: { x: 0, y: 0, width: 9, height: 9 }, text: attack }] })],
    rejectedFindings: [{ title: attack, reason: attack }],
    checks: [checkOf({ title: attack, value: attack, threshold: attack, source: attack })],
    analyst: { name: 'claude', model: attack, language: attack, note: attack },
    limits: [attack],
  });
  const { page, asked, complaints } = await show(hostile);
  expect([asked, complaints]).toEqual([[], []]);
  expect(await page.locator('script, img, [onerror], [onload], a[href^="javascript"]').count()).toBe(0);
  expect(await page.locator('article h2').innerText()).toBe(attack);
  expect(await page.title()).toContain(attack);
  await page.close();
});

test.each([1280, 390])('nothing runs over the edge at a width of %i px, however long a word', async (width) => {
  const word = 'x'.repeat(300);
  const { page } = await show(resultOf({ summary: word, findings: [findingOf({ title: word, whatIsWrong: word, elements: [{ id: 'd2', device: 'desktop', selector: word, box: { x: 0, y: 0, width: 9, height: 9 }, text: word }] })], checks: [checkOf({ title: word, value: word })] }), long, width);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
  await page.close();
});

test('a page without findings or screenshots, written about by the rules, still makes a report', async () => {
  const nothing = { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0, costUsd: 0, timings: {} };
  const { page } = await show(resultOf({ findings: [], rejectedFindings: [], limits: [], usage: nothing, analyst: { name: 'rules', model: null, language: 'en', note: null } }), evidenceOf({ views: [viewOf('desktop', { tiles: [] })] }));
  const text = await page.innerText('body');
  expect(text).toContain('Nothing was found');
  expect(text).toContain('Rules, without Claude');
  expect(text).not.toContain('US$');
  await page.close();
});

test('what Claude cost before it failed is told, though the rules wrote the findings', async () => {
  const { page } = await show(resultOf({ analyst: { name: 'rules', model: null, language: 'en', note: 'Claude could not answer.' } }));
  const text = await page.innerText('.appendix');
  for (const words of ['Rules, without Claude', 'Claude could not answer.', '15,000', 'US$ 0.0371']) expect(text).toContain(words);
  await page.close();
});

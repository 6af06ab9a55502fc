import type { Goal } from '@cro-analyzer/protocol/messages';
import { describe, expect, test } from 'vitest';
import { runChecks } from '../../render-server/src/checks/run.ts';
import type { Evidence } from '../../render-server/src/evidence.ts';
import { measure } from '../support/measure.ts';
import { bareView, buttonOf, linkOf, pageWith, phonePageWith, textOf } from '../support/page-parts.ts';

const withButton = (overrides = {}, page = {}) => pageWith({ elements: [buttonOf(overrides)] }, page);

describe('cta.present', () => {
  test('passes with a call to action and cites it', () => {
    expect(measure('cta.present', withButton())).toMatchObject({ status: 'pass', elements: ['d1'] });
  });
  test('fails when nothing visible asks for an action', () => {
    expect(measure('cta.present', withButton({ visible: false })).status).toBe('fail');
  });
  test('does not count what lies in an overlay', () => {
    expect(measure('cta.present', withButton({ landmark: 'overlay' })).status).toBe('fail');
  });
  test('is unknown for plain buttons in a language whose words are not known', () => {
    expect(measure('cta.present', withButton({ cta: null, text: 'Lisää koriin' }, { language: 'fi' })).status).toBe('unknown');
  });
});

describe('cta.fold', () => {
  test('passes when the button ends within the first screen', () => {
    expect(measure('cta.fold', withButton({ box: { x: 0, y: 852, width: 200, height: 48 } })).status).toBe('pass');
  });
  test('warns when its lower edge is one pixel beneath the first screen, and says where', () => {
    expect(measure('cta.fold', withButton({ box: { x: 0, y: 853, width: 200, height: 48 } })))
      .toMatchObject({ status: 'warn', value: '"Add to basket" ends 901 px down, the first screen is 900 px high' });
  });
  test('is unknown without a call to action', () => {
    expect(measure('cta.fold', pageWith({})).status).toBe('unknown');
  });
  test('on a product page looks at the buying button rather than at one in the header', () => {
    const header = buttonOf({ id: 'd1', text: 'Sign up', landmark: 'header', box: { x: 0, y: 10, width: 90, height: 44 } });
    const buy = buttonOf({ id: 'd2', box: { x: 0, y: 1200, width: 200, height: 48 } });
    const views = [bareView({ elements: [header, buy] })];
    expect(measure('cta.fold', pageWith({}, { views }))).toMatchObject({ status: 'warn', elements: ['d2'] });
    expect(measure('cta.fold', pageWith({}, { views, businessType: 'saas' }))).toMatchObject({ status: 'pass', elements: ['d1'] });
  });
  test('prefers the button that buys to others on a product page', () => {
    const join = buttonOf({ id: 'd1', text: 'Join the club', box: { x: 0, y: 100, width: 200, height: 48 } });
    const add = buttonOf({ id: 'd2', text: 'Add to cart', box: { x: 0, y: 1400, width: 200, height: 48 } });
    expect(measure('cta.fold', pageWith({ elements: [join, add] }))).toMatchObject({ status: 'warn', elements: ['d2'] });
  });
  test('measures by what a phone shows of a page that is too wide for it', () => {
    const elements = [buttonOf({ box: { x: 0, y: 1500, width: 200, height: 48 } })];
    expect(measure('cta.fold', phonePageWith({ elements, screen: { width: 980, height: 2121 } })).status).toBe('pass');
  });
  test('is measured on each device', () => {
    const views = [bareView({ elements: [buttonOf()] }), bareView({ elements: [buttonOf({ id: 'm1', box: { x: 0, y: 900, width: 200, height: 48 } })] }, 'mobile')];
    expect(measure('cta.fold', pageWith({}, { views }), 'desktop').status).toBe('pass');
    expect(measure('cta.fold', pageWith({}, { views }), 'mobile').status).toBe('warn');
  });
});

describe('cta.covered', () => {
  test('passes with two of five points covered', () => {
    expect(measure('cta.covered', withButton({ covered: 0.4 })).status).toBe('pass');
  });
  test('fails with three of five points covered', () => {
    expect(measure('cta.covered', withButton({ covered: 0.6 })).status).toBe('fail');
  });
  test('is unknown outside the first screen', () => {
    expect(measure('cta.covered', withButton({ covered: null })).status).toBe('unknown');
  });
});

describe('cta.contrast', () => {
  const styled = (color: string, background: string | null, fontSize = 16, fontWeight = 400) =>
    withButton({ style: { color, background, fontSize, fontWeight } });

  test('passes for white on dark green', () => {
    expect(measure('cta.contrast', styled('rgb(255, 255, 255)', 'rgb(20, 83, 45)')).status).toBe('pass');
  });
  test('fails for grey on white just beneath 4.5:1', () => {
    expect(measure('cta.contrast', styled('rgb(120, 120, 120)', 'rgb(255, 255, 255)'))).toMatchObject({ status: 'fail', value: expect.stringContaining('4.41:1') });
  });
  test('asks for 3:1 only of large and of bold text', () => {
    expect(measure('cta.contrast', styled('rgb(120, 120, 120)', 'rgb(255, 255, 255)', 24)).status).toBe('pass');
    expect(measure('cta.contrast', styled('rgb(120, 120, 120)', 'rgb(255, 255, 255)', 19, 700)).status).toBe('pass');
    expect(measure('cta.contrast', styled('rgb(120, 120, 120)', 'rgb(255, 255, 255)', 19, 600)).status).toBe('fail');
  });
  test('is unknown where axe measured contrasts and did not find this one low', () => {
    const faint = buttonOf({ style: { color: 'rgb(200, 200, 200)', background: 'rgb(255, 255, 255)', fontSize: 16, fontWeight: 400 } });
    const found = (element: string) => pageWith({ elements: [faint], axeRan: ['color-contrast'], axe: [{ rule: 'color-contrast', impact: 'serious', help: '', nodes: [{ selector: 'p', element, summary: '' }] }] });
    expect(measure('cta.contrast', found('d7')).status).toBe('unknown');
    expect(measure('cta.contrast', found('d1')).status).toBe('fail');
  });
  test('is unknown over a picture and in a colour notation it cannot read', () => {
    expect(measure('cta.contrast', styled('rgb(0, 0, 0)', null)).status).toBe('unknown');
    expect(measure('cta.contrast', styled('oklch(0.5 0.1 20)', 'rgb(255, 255, 255)')).status).toBe('unknown');
  });
});

describe('cta.size', () => {
  const sized = (width: number, height: number) => withButton({ box: { x: 0, y: 0, width, height } });
  test('passes from 44 x 44 px', () => {
    expect(measure('cta.size', sized(44, 44)).status).toBe('pass');
  });
  test('warns beneath 44 px on phones alone, and fails beneath 24 px', () => {
    expect(measure('cta.size', phonePageWith({ elements: [buttonOf({ box: { x: 0, y: 0, width: 200, height: 43 } })] })).status).toBe('warn');
    expect(measure('cta.size', sized(200, 43)).status).toBe('pass');
    expect(measure('cta.size', sized(200, 23)).status).toBe('fail');
  });
  test('is unknown without a call to action', () => {
    expect(measure('cta.size', pageWith({})).status).toBe('unknown');
  });
});

describe('cta.competing', () => {
  const buttons = (...labels: string[]) => pageWith({ elements: labels.map((text, index) => buttonOf({ id: `d${index}`, text })) });
  test('passes when the same action is repeated, wherever it leads and however it is set', () => {
    expect(measure('cta.competing', buttons('Buy', 'Buy', 'BUY', 'Call')).status).toBe('pass');
    const elements = ['a', 'b', 'c'].map((ref) => buttonOf({ id: ref, href: `https://shop.example/?ref=${ref}` }));
    expect(measure('cta.competing', pageWith({ elements })).status).toBe('pass');
  });
  test('warns with three different actions and cites them', () => {
    expect(measure('cta.competing', buttons('Buy', 'Call', 'Chat'))).toMatchObject({ status: 'warn', elements: ['d0', 'd1', 'd2'] });
  });
  test('is unknown when no primary action is in the first screen', () => {
    expect(measure('cta.competing', withButton({ inFirstScreen: false })).status).toBe('unknown');
  });
});

describe('cta.vague', () => {
  test('passes for a label that names its action', () => {
    expect(measure('cta.vague', withButton()).status).toBe('pass');
  });
  test('warns for "Continue →" and quotes it', () => {
    expect(measure('cta.vague', withButton({ text: 'Continue →' }))).toMatchObject({ status: 'warn', value: '"Continue →" names no action' });
  });
  test('knows German, French, Spanish and Japanese', () => {
    for (const text of ['Weiter', 'Envoyer', 'Más información', '送信']) {
      expect(measure('cta.vague', withButton({ text })).status, text).toBe('warn');
    }
  });
  test('is unknown for labels in another language', () => {
    expect(measure('cta.vague', withButton({ text: 'Lisää koriin' }, { language: 'fi' })).status).toBe('unknown');
  });
});

describe('headline.present', () => {
  const heading = (text: string, fontSize = 32) => ({ level: 1, text, visible: true, fontSize, box: { x: 0, y: 0, width: 300, height: 40 }, element: null });
  test('passes for one short, large h1', () => {
    expect(measure('headline.present', pageWith({ headings: [heading('Enamel kettle')] })).status).toBe('pass');
  });
  test('fails without a visible h1', () => {
    expect(measure('headline.present', pageWith({ headings: [{ ...heading('Hidden'), visible: false }] })).status).toBe('fail');
  });
  test('warns for two, for one of thirteen words and for one of 23 px', () => {
    for (const headings of [[heading('One'), heading('Two')], [heading('one '.repeat(13).trim())], [heading('Small', 23)]]) {
      expect(measure('headline.present', pageWith({ headings })).status).toBe('warn');
    }
  });
});

describe('hero.text', () => {
  const words = (number: number) => pageWith({ text: textOf('word '.repeat(number)) });
  test('passes from 5 to 120 words', () => {
    expect(measure('hero.text', words(5)).status).toBe('pass');
    expect(measure('hero.text', words(120)).status).toBe('pass');
  });
  test('warns outside of that', () => {
    expect(measure('hero.text', words(4)).status).toBe('warn');
    expect(measure('hero.text', words(121)).status).toBe('warn');
  });
  test('counts words that are written without spaces', () => {
    expect(measure('hero.text', pageWith({ text: textOf('毎日の暮らしに寄り添うホーローのやかんです') })).status).toBe('pass');
  });
});

describe('title.meta', () => {
  test('passes with a short title and a description', () => {
    expect(measure('title.meta', pageWith({}))).toMatchObject({ status: 'pass', device: null });
  });
  test('warns for a long title and for a missing description', () => {
    expect(measure('title.meta', pageWith({}, { title: 'x'.repeat(61) })).status).toBe('warn');
    expect(measure('title.meta', pageWith({}, { metaDescription: null })).status).toBe('warn');
  });
  test('fails without a title', () => {
    expect(measure('title.meta', pageWith({}, { title: '' })).status).toBe('fail');
  });
});

test('a page to be read owes no button and no short first screen, unless the caller says what it is for', () => {
  const ids = ['cta.present', 'cta.fold', 'hero.text'];
  const statuses = (businessType: Evidence['businessType'], goal: Goal) => runChecks(pageWith({}, { businessType }), goal).filter(({ id }) => ids.includes(id)).map(({ status }) => status);
  expect(statuses('content', 'auto')).toEqual(['unknown', 'unknown', 'unknown']);
  expect(statuses('unknown', 'read')).toEqual(['unknown', 'unknown', 'unknown']);
  expect(statuses('content', 'signup')).toEqual(['fail', 'unknown', 'warn']);
});

test('links in the footer do not become the main call to action', () => {
  expect(measure('cta.fold', pageWith({ elements: [linkOf('Returns')] })).status).toBe('unknown');
});

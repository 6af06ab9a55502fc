import { describe, expect, test } from 'vitest';
import type { Draft } from '../../render-server/src/analysis/draft.ts';
import { proveDraft } from '../../render-server/src/analysis/verify.ts';
import { TEXT_LIMIT } from '../../render-server/src/evidence.ts';
import { checkOf, evidenceOf, viewOf } from '../support/evidence.ts';

const evidence = evidenceOf({ views: [viewOf('desktop'), viewOf('mobile')] });
const failing = checkOf();
const warning = checkOf({ id: 'hero.text', status: 'warn' });
const passing = checkOf({ id: 'reviews.present', status: 'pass' });
const unknown = checkOf({ id: 'price.visible', status: 'unknown' });
const checks = [failing, warning, passing, unknown, checkOf({ id: 'https', device: null }), checkOf({ id: 'reviews.present', device: 'mobile' })];

function draftOf(overrides: Partial<Draft> = {}): Draft {
  return {
    title: 'The action is far down',
    section: 'hero',
    whatIsWrong: 'The action lies 1,900 px down.',
    whyItMatters: 'Few scroll so far.',
    recommendations: ['Move it up.'],
    category: 'attention',
    claimKind: 'measurement',
    severity: 'high',
    impact: 4,
    effort: 2,
    elements: ['d2'],
    checks: ['cta.fold@desktop'],
    ...overrides,
  };
}

function prove(overrides: Partial<Draft> = {}, about = evidence) {
  return proveDraft(draftOf(overrides), about, checks);
}
function finding(overrides: Partial<Draft> = {}) {
  const proof = prove(overrides);
  if ('rejected' in proof) throw new Error(proof.rejected.reason);
  return proof.finding;
}
function reason(overrides: Partial<Draft> = {}, about = evidence): string | null {
  const proof = prove(overrides, about);
  return 'rejected' in proof ? proof.rejected.reason : null;
}

describe('a draft is rejected', () => {
  test('when it cites elements or checks that do not exist, and the reason names them', () => {
    expect(reason({ elements: ['d2', 'd77'], checks: ['cta.fold@desktop', 'cta.magic'] }))
      .toBe('It cites what the page does not have: element d77, check cta.magic.');
  });

  test.each(['measurement', 'visual', 'copy'] as const)('when it is a claim of %s and every check that it cites passes', (claimKind) => {
    expect(reason({ claimKind, checks: ['reviews.present@desktop'] })).toBe('Every check that it cites passes: reviews.present@desktop.');
  });

  test('when it says that something is missing and a cited check found it', () => {
    expect(reason({ claimKind: 'absence', checks: ['reviews.present@desktop', 'cta.fold@desktop'] })).toContain('the page has it: reviews.present@desktop');
  });

  test('when it cites nothing', () => {
    expect(reason({ claimKind: 'visual', elements: [], checks: [] })).toBe('It cites neither an element nor a check.');
  });

  test.each(['measurement', 'absence'] as const)('when it is a claim of %s with an element and no check', (claimKind) => {
    expect(reason({ claimKind, checks: [] })).toContain('needs a check');
  });

  test('when it quotes text that is nowhere on the page', () => {
    expect(reason({ claimKind: 'copy', checks: [], whatIsWrong: 'The button says "Submit order", which is cold.' })).toContain('"Submit order"');
  });

  test('when its title or its text is empty', () => {
    expect(reason({ title: ' ' })).toBe('It says nothing.');
  });
});

describe('a draft is not rejected', () => {
  test('for a quotation that the page has in other case, with typographic marks and a full stop', () => {
    expect(reason({ claimKind: 'copy', whatIsWrong: 'The button says “ADD TO CART.” and no more.' })).toBeNull();
  });

  test('for a quotation on a page whose text was cut: what was not read is unknown', () => {
    const view = viewOf('desktop');
    const long = evidenceOf({ views: [{ ...view, text: { ...view.text, full: 'word '.repeat(TEXT_LIMIT / 5) } }] });
    expect(reason({ claimKind: 'copy', whatIsWrong: 'At the end it says "Closing soon".' }, long)).toBeNull();
  });

  test.each([
    ['the value of a check', 'The picture "lamp.svg" is missing.'],
    ['the threshold of a check', 'The yardstick is "none broken".'],
    ['the name of a check', 'It fails "broken@desktop".'],
    ['an error of the console', 'A script ends with "cart is not defined".'],
    ['the address', 'The address says "/mug".'],
    ['the viewport', 'The viewport says "width=device-width, initial-scale=1".'],
    ['the language', 'The page says that it is "en".'],
    ['a word with soft hyphens', 'It says "Versandkostenfrei ab 50 €" too late.'],
    ['a word with other dashes', 'It says "Mo-Fr, 9-17 Uhr".'],
  ])('for quoting %s', (_, whatIsWrong) => {
    const about = evidenceOf({ views: [viewOf('desktop', {
      console: { errors: [], pageErrors: ['ReferenceError: cart is not defined'], foreignErrors: [] },
      text: { full: 'Versand\u00ADkosten\u00ADfrei ab 50 € Mo–Fr, 9\u201317 Uhr', firstScreen: '', characters: 40, smallCharacters: 0 },
    })] });
    const broken = checkOf({ id: 'broken', value: 'broken pictures: 1 of 9 (lamp.svg)', threshold: 'none broken' });
    expect(proveDraft(draftOf({ whatIsWrong, checks: ['broken@desktop'] }), about, [broken])).toMatchObject({ finding: { verdict: 'confirmed' } });
    expect(proveDraft(draftOf({ whatIsWrong: 'It says "nowhere to be read".', checks: ['broken@desktop'] }), about, [broken])).toHaveProperty('rejected');
  });

  test('for quoting what is missing in a claim of absence', () => {
    expect(reason({ claimKind: 'absence', whatIsWrong: 'There is no "Buy now" in the first screen.' })).toBeNull();
  });

  test('for inch marks, which are no quotation', () => {
    expect(reason({ whatIsWrong: 'On a 15" and a 17" screen it lies below the fold.' })).toBeNull();
  });

  test('when the check that it calls absent passes on one device and fails on the other', () => {
    expect(reason({ claimKind: 'absence', checks: ['reviews.present@desktop', 'reviews.present@mobile'] })).toBeNull();
  });
});

describe('a proven finding', () => {
  test('is confirmed when a cited check fails or warns', () => {
    expect(finding()).toMatchObject({ verdict: 'confirmed', confidence: 0.95 });
    expect(finding({ checks: ['hero.text@desktop'] })).toMatchObject({ verdict: 'confirmed', confidence: 0.85 });
  });

  test('is confirmed when its copy stands in a cited element, and plausible when it stands elsewhere', () => {
    const copy: Partial<Draft> = { claimKind: 'copy', checks: [], whatIsWrong: 'It says "Add to cart".' };
    expect(finding({ ...copy, elements: ['d2'] })).toMatchObject({ verdict: 'confirmed', confidence: 0.75 });
    expect(finding({ ...copy, elements: ['d1'] })).toMatchObject({ verdict: 'plausible', confidence: 0.45 });
  });

  test('is plausible, not rejected, when what it cites is unknown', () => {
    expect(finding({ claimKind: 'absence', checks: ['price.visible@desktop'] }).verdict).toBe('plausible');
    expect(finding({ checks: ['price.visible@desktop'] }).verdict).toBe('plausible');
  });

  test('has impact and effort between 1 and 5 and the priority that follows from them', () => {
    expect(finding({ impact: 99, effort: -3 })).toMatchObject({ impact: 5, effort: 1, priority: 4.75 });
    expect(finding({ impact: 4, effort: 3 }).priority).toBe(1.27);
  });

  test('carries the selectors and boxes of the page, and the devices of what it cites', () => {
    expect(finding({ elements: ['m2', 'm2'], checks: ['https'] })).toMatchObject({
      elements: [{ id: 'm2', device: 'mobile', selector: '#buy', box: { y: 400 }, text: 'Add to cart' }],
      devices: ['mobile'],
    });
    expect(finding({ elements: [], checks: ['https'] }).devices).toEqual(['desktop', 'mobile']);
  });

  test('takes over the elements of its failed checks when it names none', () => {
    const pointed = checkOf({ id: 'cta.size', elements: ['d2'] });
    const proof = proveDraft(draftOf({ elements: [], checks: ['cta.size@desktop'] }), evidence, [pointed]);
    expect('finding' in proof && proof.finding.elements.map((element) => element.id)).toEqual(['d2']);
  });
});

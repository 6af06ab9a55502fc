import type { ShopPage } from './model.mts';

/** A fault that costs conversions and that the analysis has to find. */
export interface Defect {
  id: string;
  title: string;
  /** Id of the one check that it trips. */
  check: string;
  /** Puts the fault into a page. */
  apply(page: ShopPage): void;
}

/** Independent of each other: each can be present or fixed alone. */
export const DEFECTS: readonly Defect[] = [
  {
    id: 'button-below-fold',
    title: 'On phones a tall picture and all details come before the buying button',
    check: 'cta.fold',
    apply: (page) => { page.button.place = 'last'; },
  },
  {
    id: 'vague-button',
    title: 'The buying button reads "Continue"',
    check: 'cta.vague',
    apply: (page) => { page.button.label = 'Continue'; },
  },
  {
    id: 'faint-button',
    title: 'White on pale sage: the label of the buying button can hardly be read',
    check: 'cta.contrast',
    apply: (page) => { page.button.fill = '#a9c4b3'; },
  },
  {
    id: 'hidden-price',
    title: 'The price stands only in the specification far down the page',
    check: 'price.visible',
    apply: (page) => { page.pricePlace = 'specification'; },
  },
  {
    id: 'no-reviews',
    title: 'No rating and no customer review',
    check: 'reviews.present',
    apply: (page) => { page.rating = null; },
  },
  {
    id: 'no-delivery',
    title: 'Nothing about delivery near the buying button',
    check: 'shipping.near',
    apply: (page) => { page.delivery = []; },
  },
  {
    id: 'large-newsletter',
    title: 'The newsletter prompt covers a third of the screen',
    check: 'overlay.coverage',
    apply: (page) => { page.newsletter.shape = 'sheet'; },
  },
  {
    id: 'stuck-newsletter',
    title: 'The newsletter prompt cannot be closed',
    check: 'overlay.close',
    apply: (page) => { page.newsletter.closable = false; },
  },
  {
    id: 'nameless-field',
    title: 'The first field of the form for questions has no label',
    check: 'form.labels',
    apply: (page) => { fieldOf(page, 'name').label = null; },
  },
  {
    id: 'letter-keyboard',
    title: 'The phone field brings up a keyboard of letters',
    check: 'form.inputType',
    apply: (page) => { fieldOf(page, 'phone').type = 'text'; },
  },
  {
    id: 'missing-picture',
    title: 'The picture of a related lamp is missing',
    check: 'broken',
    apply: (page) => { page.related = page.related.map((lamp, index) => (index === 1 ? { ...lamp, picture: 'floor-lamp.svg' } : lamp)); },
  },
  {
    id: 'sideways-page',
    title: 'A table of fixed width makes the page slide sideways on phones',
    check: 'mobile.overflow',
    apply: (page) => { page.comparisonWidth = 'fixed'; },
  },
];

function fieldOf(page: ShopPage, name: string): ShopPage['questionFields'][number] {
  const field = page.questionFields.find((item) => item.name === name);
  if (field === undefined) throw new Error(`The demo shop has no field ${name}.`);
  return field;
}

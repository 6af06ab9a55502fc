/** What the demo shop's product page says: the page without faults. Defects change it, `page.mts` draws it. */

export interface Field {
  name: string;
  label: string | null;
  type: 'text' | 'email' | 'tel' | 'textarea';
  autocomplete: string;
}

export interface Review {
  name: string;
  stars: number;
  text: string;
}

export interface Related {
  name: string;
  price: string;
  picture: string;
}

export interface ShopPage {
  product: { name: string; price: string; amount: number };
  button: {
    label: string;
    fill: string;
    ink: string;
    /** On phones: right after the price, or after a tall picture and everything else that the buy box holds. */
    place: 'after price' | 'last';
  };
  /** Where the price stands. */
  pricePlace: 'buy box' | 'specification';
  /** Lines about delivery beneath the button. */
  delivery: string[];
  /** Null where nobody has reviewed the product. */
  rating: { average: number; count: number; reviews: Review[] } | null;
  /** The newsletter prompt: a card in the corner, or a sheet across the lower part of the screen. */
  newsletter: { shape: 'card' | 'sheet'; closable: boolean };
  /** Fields of the form for questions. */
  questionFields: Field[];
  related: Related[];
  /** Whether the table of lamps may be wider than the screen. */
  comparisonWidth: 'fits' | 'fixed';
}

/** A fresh page without faults: its owner may change it. */
export function faultlessPage(): ShopPage {
  return {
    product: { name: 'Halden table lamp', price: '$129.00', amount: 129 },
    button: { label: 'Add to basket', fill: '#1f4d3a', ink: '#ffffff', place: 'after price' },
    pricePlace: 'buy box',
    delivery: ['Free delivery, with you in 2 to 4 working days', 'Ships from our workshop in Leith'],
    rating: {
      average: 4.8,
      count: 214,
      reviews: [
        { name: 'Maren T.', stars: 5, text: 'The light is warm without being yellow, and the dimmer turns like a good radio. It has moved from desk to bedside.' },
        { name: 'Owen P.', stars: 5, text: 'My first one is nine years old. I broke the shade, ordered a new one and fitted it in a minute.' },
        { name: 'Ines R.', stars: 4, text: 'Heavier than I thought, which turned out to be a good thing with two cats. The cord could be longer.' },
      ],
    },
    newsletter: { shape: 'card', closable: true },
    questionFields: [
      { name: 'name', label: 'Your name', type: 'text', autocomplete: 'name' },
      { name: 'email', label: 'Email address', type: 'email', autocomplete: 'email' },
      { name: 'phone', label: 'Phone, if you prefer a call', type: 'tel', autocomplete: 'tel' },
      { name: 'question', label: 'Your question', type: 'textarea', autocomplete: 'off' },
    ],
    related: [
      { name: 'Halden pendant', price: '$164.00', picture: 'pendant.svg' },
      { name: 'Voss floor lamp', price: '$248.00', picture: 'floor.svg' },
      { name: 'Lista wall lamp', price: '$98.00', picture: 'wall.svg' },
      { name: 'Spare opal shade', price: '$34.00', picture: 'shade.svg' },
    ],
    comparisonWidth: 'fits',
  };
}

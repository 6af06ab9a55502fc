import { subjectOf, type WordingTable } from './wording.ts';

export const trust: WordingTable = {
  'price.visible': {
    section: 'buy box', claimKind: 'absence', impact: 5, effort: 1,
    title: ({ where }) => `The price is not in the first screen ${where}`,
    wrong: ({ facts }) => `Whoever opens the product looks for its price and does not see it: ${facts}.`,
    why: 'The price is the first fact of a purchase. Visitors who must search for it suspect the worst or compare elsewhere. That it belongs in the first screen is a rule of thumb.',
    recommend: ({ evidence }) => [
      `Set the price of ${product(evidence.title)} right beneath the product name, above the button.`,
      'Show next to it what changes the sum: tax, a struck-out earlier price, a price for several.',
    ],
  },
  'price.consistent': {
    section: 'structured data', claimKind: 'measurement', impact: 4, effort: 1,
    title: () => 'Search engines are told another price than visitors',
    wrong: ({ facts }) => `Two prices for one product: ${facts}.`,
    why: 'Shopping results quote the price of the structured data. Visitors who find another one on the page feel deceived, and merchant platforms reject listings whose prices differ.',
    recommend: () => [
      'Fill the offer in JSON-LD from the same field as the visible price, so that the two cannot part.',
      'Test the page with the rich results test of the search engine after each change of price.',
    ],
  },
  'shipping.near': {
    section: 'buy box', claimKind: 'absence', impact: 4, effort: 2,
    title: ({ named }) => `Nothing about delivery near ${named('the buying button')}`,
    wrong: ({ facts }) => `Where people decide, they learn neither the cost nor the time of delivery: ${facts}.`,
    why: 'Baymard found that 64% of users look for shipping cost on the product page, and that 43% of sites do not show it. Unexpected cost is learnt at checkout otherwise, where it costs the order.',
    recommend: ({ named }) => [
      `Add one line beneath ${named('the button')}: cost of shipping, or the sum from which it is free, and the day of delivery.`,
      'Link that line to the full delivery page for countries and special cases.',
    ],
  },
  'returns.link': {
    section: 'footer', claimKind: 'absence', impact: 3, effort: 1,
    title: ({ evidence }) => `No link to the returns policy on ${new URL(evidence.url).host}`,
    wrong: ({ facts }) => `Visitors cannot look up how they would send something back: ${facts} was found, neither by wording nor by address.`,
    why: 'Baymard found that 18% of users have abandoned an order over an unsatisfactory returns policy, and that 20% of sites lack a direct link in the footer. A policy that cannot be found is read as a bad one.',
    recommend: () => [
      'Link "Returns" in the footer of every page.',
      'Name the main point, such as "30 days to return", beneath the buying button and link it as well.',
    ],
  },
  'reviews.present': {
    section: 'buy box', claimKind: 'absence', impact: 4, effort: 3,
    title: ({ evidence }) => `No customer speaks for ${product(evidence.title)}`,
    wrong: ({ facts }) => `The page shows ${facts}: all claims about the product come from its seller.`,
    why: 'A visitor who does not know the shop has only its own word for it. Ratings let earlier customers answer the doubts. That a product page should have them is a rule of thumb.',
    recommend: () => [
      'Ask customers for a review two weeks after delivery, and publish the critical ones too.',
      'Show the average and the number of reviews beneath the product name, linked to the full texts.',
      'Add them to the JSON-LD as aggregateRating, so that search results can show the stars.',
    ],
  },
  'contact.present': {
    section: 'footer', claimKind: 'absence', impact: 3, effort: 1,
    title: ({ evidence }) => `${new URL(evidence.url).host} shows no way to get in touch`,
    wrong: ({ facts }) => `Someone with a question before the purchase finds nobody to ask: ${facts}.`,
    why: 'A shop that can be reached is a shop that exists. Without a name and a number, doubts go unanswered. The yardstick is a rule of thumb.',
    recommend: () => [
      'Put an e-mail address or a phone number with its hours in the footer.',
      'Add a link "Contact" in the header or beneath the buying button.',
    ],
  },
  'legal.links': {
    section: 'footer', claimKind: 'absence', impact: 2, effort: 1,
    title: () => 'The form asks for data, and no privacy policy is linked',
    wrong: ({ facts }) => `The page collects personal data in a form: ${facts}.`,
    why: 'People give an address more readily where they can see what becomes of it, and in many countries the link is required by law. The yardstick is a rule of thumb.',
    recommend: () => [
      'Link the privacy policy right beneath the form, with one sentence on what the data is used for.',
      'Link privacy policy and terms in the footer of every page.',
    ],
  },
  https: {
    section: 'page', claimKind: 'measurement', impact: 5, effort: 2,
    title: ({ evidence }) => `The connection to ${new URL(evidence.url).host} is not encrypted throughout`,
    wrong: ({ facts }) => `Browsers mark such a page as not secure: ${facts}.`,
    why: 'A warning beside the address is the worst neighbour of a buying button, and what visitors type can be read on the way. Lighthouse fails a page for it (is-on-https).',
    recommend: () => [
      'Serve the page, its forms and every picture and script over https, and redirect http for good.',
      'Send Strict-Transport-Security once everything works.',
    ],
  },
  'schema.product': {
    section: 'structured data', claimKind: 'measurement', impact: 2, effort: 1,
    title: () => 'The structured data for search engines is incomplete',
    wrong: ({ facts }) => `Search engines cannot use the product data as it stands: ${facts}.`,
    why: 'Price, stock and stars appear in search results only where the data is whole, and results with them stand out. The yardstick is a rule of thumb.',
    recommend: () => [
      'Complete the JSON-LD: a Product with an Offer that has price, priceCurrency and availability.',
      'Test it with the rich results test of the search engine.',
    ],
  },
};

function product(title: string): string {
  return subjectOf(title) || 'the product';
}

import type { WordingTable } from './wording.ts';

const RULE_OF_THUMB = 'This is a rule of thumb, not a published standard.';

export const attention: WordingTable = {
  'cta.present': {
    section: 'hero', claimKind: 'absence', impact: 5, effort: 2,
    title: ({ where }) => `Nothing asks the visitor to act ${where}`,
    wrong: ({ facts, evidence }) => `We looked for a button or link that asks for an action on ${host(evidence.url)} and found none: ${facts}.`,
    why: `A page that asks for nothing gets nothing: visitors who are convinced have no next step to take. ${RULE_OF_THUMB}`,
    recommend: () => [
      'Decide on the one action this page exists for, and give it a filled button in the first screen.',
      'Label the button with what the visitor gets, for example "Add to basket" or "Book a free call".',
      'Repeat the same button after each long section, so that nobody has to scroll back.',
    ],
  },
  'cta.fold': {
    section: 'hero', claimKind: 'measurement', impact: 5, effort: 2,
    title: ({ named, where }) => `${named('The main button')} is below the first screen ${where}`,
    wrong: ({ facts }) => `Visitors must scroll before they can act: ${facts}.`,
    why: 'NN/g measured in 2018 that 57% of viewing time is spent above the fold and 74% in the first two screenfuls. Each screen a visitor must scroll to reach the action loses some of them.',
    recommend: ({ named }) => [
      `Move ${named('the main button')} up so that it ends within the first screen; on a phone, place it right after title and price.`,
      'Cut or fold what stands above it: tall pictures, long introductions, empty space.',
      'Where the content must stay, add a slim bar with the same button that stays at the bottom of the screen.',
    ],
  },
  'cta.covered': {
    section: 'hero', claimKind: 'visual', impact: 5, effort: 2,
    title: ({ named, where }) => `Something lies over ${named('the main button')} ${where}`,
    wrong: ({ facts }) => `The action cannot be hit where it is drawn: ${facts} when the page has settled.`,
    why: 'A tap that lands on something else is lost, and visitors blame the shop rather than the layer on top. Three of five points is our own limit.',
    recommend: ({ named }) => [
      `Keep ${named('the main button')} free of banners, chat launchers and sticky bars: reserve their height instead of laying them over the content.`,
      'Show prompts only after the visitor has scrolled or moved towards leaving.',
    ],
  },
  'cta.contrast': {
    section: 'hero', claimKind: 'measurement', impact: 4, effort: 1,
    title: ({ named }) => `The label of ${named('the main button')} is hard to read`,
    wrong: ({ facts }) => `Text and background of the button are too alike: ${facts}.`,
    why: 'WCAG 2.2 (SC 1.4.3) asks for 4.5:1 so that people with moderately low sight, or with a phone in the sun, can read a label. The button that earns the money should be the easiest thing to read on the page.',
    recommend: ({ named }) => [
      `Darken the fill behind ${named('the main button')} or its text until the contrast is 4.5:1 or more; one colour value is enough.`,
      'Check the hover, focus and disabled states with the same measure.',
    ],
  },
  'cta.size': {
    section: 'hero', claimKind: 'measurement', impact: 3, effort: 1,
    title: ({ named, where }) => `${named('The main button')} is small to hit ${where}`,
    wrong: ({ facts }) => `The main action offers little room for a finger: ${facts}, and 44 x 44 px is what a thumb hits without care.`,
    why: 'WCAG asks for 24 px at the very least (SC 2.5.8) and for 44 px for comfort (SC 2.5.5). Missed taps on the buying button cost orders that were already decided.',
    recommend: ({ named }) => [
      `Give ${named('the main button')} at least 44 px of height; on phones let it fill the width of the column.`,
      'Grow the padding rather than the text, so that the wording stays on one line.',
    ],
  },
  'cta.competing': {
    section: 'hero', claimKind: 'measurement', impact: 3, effort: 2,
    title: ({ where }) => `Several actions compete in the first screen ${where}`,
    wrong: ({ facts }) => `More than two actions carry the same visual weight: ${facts}.`,
    why: `When everything is a main button, nothing is: visitors compare instead of acting. ${RULE_OF_THUMB}`,
    recommend: ({ named }) => [
      `Choose the action that matters most, such as ${named('the first one')}, and leave only that one filled.`,
      'Turn the others into outlined buttons or plain links, and move what can wait below the first screen.',
    ],
  },
  'cta.vague': {
    section: 'hero', claimKind: 'copy', impact: 4, effort: 1,
    title: ({ named }) => `${named('The button')} does not say what happens next`,
    wrong: ({ facts }) => `Visitors cannot tell whether the button buys, registers or only leads on: ${facts}.`,
    why: 'People hesitate before a step whose outcome they cannot foresee, most of all where money is involved. WCAG (SC 2.4.4) asks for labels that tell their purpose; the list of vague words is ours.',
    recommend: ({ named, evidence }) => [
      `Replace ${named('the label')} with a verb and what the visitor gets: ${evidence.businessType === 'product' || evidence.businessType === 'shop' ? '"Add to basket" or "Buy now"' : '"Get my quote" or "Start free trial"'}.`,
      'If the step costs nothing or can be undone, say so in a short line beneath the button.',
    ],
  },
  'headline.present': {
    section: 'hero', claimKind: 'measurement', impact: 3, effort: 1,
    title: ({ where }) => `The main headline does not do its work ${where}`,
    wrong: ({ facts }) => `A page needs one headline that says what it offers, in twelve words at most and clearly larger than the text. Here: ${facts}.`,
    why: 'The headline is what most visitors read first, and often all they read before they decide to stay. One h1 is axe\'s best practice; the limits of 12 words and 24 px are rules of thumb.',
    recommend: () => [
      'Keep exactly one h1 that names the offer and its benefit in plain words.',
      'Set it at 24 px or more, and turn further h1 elements into h2.',
    ],
  },
  'hero.text': {
    section: 'hero', claimKind: 'measurement', impact: 3, effort: 2,
    title: ({ where }) => `The first screen has the wrong amount of text ${where}`,
    wrong: ({ facts }) => `Between 5 and 120 words tell a visitor what a page is about. Here: ${facts}.`,
    why: `Too few words leave visitors guessing, too many leave them searching; both leave. ${RULE_OF_THUMB}`,
    recommend: () => [
      'Say in the first screen what is offered, for whom, and what to do next: a headline, one sentence and a button.',
      'Move details below, under headings of their own.',
    ],
  },
  'title.meta': {
    section: 'search result', claimKind: 'measurement', impact: 2, effort: 1,
    title: ({ evidence }) => `Search results show ${evidence.metaDescription === null ? 'no text of yours' : 'a title that does not fit'} for ${host(evidence.url)}`,
    wrong: ({ facts }) => `Search engines and messengers build their preview from title and description. Here: ${facts}.`,
    why: 'The preview is the advertisement that brings people to the page; where it is missing or cut, the search engine picks a passage itself. The limit of 60 characters is a rule of thumb.',
    recommend: ({ evidence }) => [
      evidence.title === '' ? 'Write a title of at most 60 characters with the product and the brand.' : `Keep the title within 60 characters, with what matters first (now ${evidence.title.length}).`,
      'Add a description of 120 to 155 characters that names the benefit and one reason to trust you.',
    ],
  },
};

function host(address: string): string {
  return new URL(address).host;
}

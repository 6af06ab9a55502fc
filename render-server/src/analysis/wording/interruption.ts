import type { Evidence } from '../../evidence.ts';
import type { WordingTable } from './wording.ts';

export const interruption: WordingTable = {
  'overlay.coverage': {
    section: 'overlay', claimKind: 'visual', impact: 4, effort: 2,
    title: ({ where }) => `An overlay hides the page ${where}`,
    wrong: ({ facts }) => `Before visitors have seen the offer, something lies over it: ${facts}.`,
    why: 'An offer that is covered cannot convince. Google rates intrusive interstitials down without naming a number; the limit of 30% is borrowed from the ad density that the Better Ads Standards allow on mobile.',
    recommend: ({ evidence }) => (isConsent(evidence) ? [
      'Make the consent notice a slim bar along the lower edge, with accepting and rejecting side by side in one line.',
      'Cut its text to one sentence, and move the rest behind a link.',
    ] : [
      'Show the prompt only after visitors have scrolled through half the page or are about to leave.',
      'Make it a slim bar or a card of less than 15% of the screen, and never show it again to someone who closed it.',
    ]),
  },
  'overlay.blocking': {
    section: 'overlay', claimKind: 'visual', impact: 5, effort: 2,
    title: ({ where }) => `The page cannot be used beneath an overlay ${where}`,
    wrong: ({ facts }) => `Taps and clicks do not reach the page: ${facts}.`,
    why: 'A visitor who came for the product has to deal with something else first, and some do so by leaving. The limit of half the points is a rule of thumb.',
    recommend: () => [
      'Drop the layer that dims and locks the page, so that it stays usable beside the message.',
      'Ask at a moment that fits: after the purchase, or at the end of an article.',
    ],
  },
  'overlay.close': {
    section: 'overlay', claimKind: 'absence', impact: 4, effort: 1,
    title: ({ where }) => `An overlay gives visitors no way out ${where}`,
    wrong: ({ facts }) => `What lies over the page cannot be closed as one expects: ${facts}.`,
    why: 'A visitor who cannot close a message closes the tab. That a close control of 24 x 24 px must be in view is a rule of thumb that follows WCAG\'s target size.',
    recommend: () => [
      'Add a close button of 44 x 44 px in the upper right corner, with "Close" as its name for screen readers.',
      'Let Escape and a tap beside the overlay close it as well.',
    ],
  },
};

/** Whether the largest overlay asks for consent: it has to come at once, so it can only be made smaller. */
function isConsent({ views }: Evidence): boolean {
  return views.flatMap((view) => view.overlays).toSorted((a, b) => b.coverage - a.coverage)[0]?.kind === 'cookie';
}

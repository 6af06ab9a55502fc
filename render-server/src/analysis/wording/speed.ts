import type { WordingTable } from './wording.ts';

export const speed: WordingTable = {
  weight: {
    section: 'page', claimKind: 'measurement', impact: 3, effort: 3,
    title: ({ where }) => `The page is heavy ${where}`,
    wrong: ({ facts }) => `Every visitor loads the whole of it before the page is complete: ${facts}.`,
    why: 'On a phone network each megabyte is a second or more. Lighthouse rates a page well up to 2,667 KiB and as average at 4,000 KiB.',
    recommend: () => [
      'Deliver pictures as AVIF or WebP in the size that they are shown, and load those below the first screen lazily.',
      'Remove scripts of tools that nobody looks at any more.',
    ],
  },
  broken: {
    section: 'page', claimKind: 'measurement', impact: 4, effort: 1,
    title: ({ where }) => `Something on the page is broken ${where}`,
    wrong: ({ facts }) => `Not all of the page works as it was meant to: ${facts}.`,
    why: 'Broken things look like neglect, and whoever sees neglect does not leave a card number. A script error can stop the very button that matters.',
    recommend: ({ checks }) => [
      checks.some((check) => check.value.includes('broken pictures')) ? 'Restore the missing pictures, or take them out of the page.' : 'Repair what fails: the names are given above, the browser\'s console shows the rest.',
      'Watch the page for missing files and script errors, so that you hear of the next one before customers do.',
    ],
  },
};

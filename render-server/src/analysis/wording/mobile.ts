import type { WordingTable } from './wording.ts';

export const mobile: WordingTable = {
  'mobile.overflow': {
    section: 'layout', claimKind: 'measurement', impact: 3, effort: 2,
    title: () => 'The page slides sideways on a phone',
    wrong: ({ facts }) => `Part of the content lies outside the screen: ${facts}.`,
    why: 'While people scroll down, the page wobbles, and what is cut off is not read. WCAG (SC 1.4.10) asks for content that fits a width of 320 px.',
    recommend: () => [
      'Let wide things, mostly tables and pictures, shrink (max-width: 100%) or scroll within their own frame.',
      'Replace fixed widths in pixels by a maximum and a percentage.',
    ],
  },
  'mobile.targets': {
    section: 'layout', claimKind: 'measurement', impact: 2, effort: 2,
    title: ({ named }) => `Small targets such as ${named('links')} are hard to hit with a thumb`,
    wrong: ({ facts }) => `Buttons or links leave no room for a finger: ${facts}.`,
    why: 'A tap on the wrong link costs a page load and some patience. WCAG (SC 2.5.8) asks for 24 x 24 px, or that much room around a smaller target.',
    recommend: () => ['Give links in lists at least 24 px of height, better 44 px, by padding rather than larger text.', 'Keep 8 px between neighbouring targets.'],
  },
  'mobile.font': {
    section: 'content', claimKind: 'measurement', impact: 3, effort: 1,
    title: () => 'Much of the text is too small for a phone',
    wrong: ({ facts }) => `Visitors must zoom to read: ${facts}.`,
    why: 'Text that is hard to read is skipped, and with it the arguments it holds. The limit of a tenth of the text under 12 px is a rule of thumb.',
    recommend: () => ['Set running text at 16 px, and notes at 12 px or more.', 'Check line height too: 1.5 reads well on small screens.'],
  },
  'mobile.viewport': {
    section: 'layout', claimKind: 'measurement', impact: 4, effort: 1,
    title: () => 'The page is not set up for phones',
    wrong: ({ facts }) => `The viewport meta tag decides how a phone shows the page. Here: ${facts}.`,
    why: 'Without it phones show the desktop page in miniature; with zooming switched off, people with weak sight are locked out. WCAG (SC 1.4.4) asks for zooming to 200%.',
    recommend: () => ['Use a viewport meta tag with width=device-width and initial-scale=1, and nothing that limits zooming.'],
  },
};

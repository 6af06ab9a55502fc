import type { WordingTable } from './wording.ts';

export const forms: WordingTable = {
  'form.fields': {
    section: 'form', claimKind: 'measurement', impact: 4, effort: 2,
    title: ({ where }) => `The form asks for more than it needs ${where}`,
    wrong: ({ facts }) => `Before anything happens, visitors must work through a long form: ${facts}.`,
    why: 'Each further question is a reason to stop. Five fields for an enquiry is a rule of thumb; for checkouts Baymard finds that about eight are enough for most sites.',
    recommend: ({ named }) => [
      `Keep what is needed for the next step, and ask for the rest, such as ${named('the last field')}, later.`,
      'Join first and last name, and find the town by the postcode.',
      'Mark what is optional, or better leave it out.',
    ],
  },
  'form.labels': {
    section: 'form', claimKind: 'measurement', impact: 4, effort: 1,
    title: ({ named }) => `${named('A form field')} has no label`,
    wrong: ({ facts }) => `What belongs into a field must be guessed: ${facts}.`,
    why: 'A visitor who does not know what a field wants leaves it empty or leaves the page; a screen reader announces nothing at all. WCAG requires labels (SC 1.3.1, 3.3.2, 4.1.2).',
    recommend: () => [
      'Write a visible label above each field and tie it to the field with for and id.',
      'Say in the label what the answer is for where that is not plain.',
    ],
  },
  'form.placeholderOnly': {
    section: 'form', claimKind: 'measurement', impact: 2, effort: 1,
    title: ({ named }) => `The only label of ${named('a field')} vanishes on the first letter`,
    wrong: ({ facts }) => `A placeholder stands in for the label: ${facts}. It is gone as soon as someone types.`,
    why: 'Whoever is interrupted, or wants to check the form before sending it, no longer sees what each field asked. WCAG (SC 3.3.2) wants labels that stay.',
    recommend: () => ['Move the text of the placeholder into a label above the field, and use the placeholder for an example at most.'],
  },
  'form.autocomplete': {
    section: 'form', claimKind: 'measurement', impact: 2, effort: 1,
    title: ({ where }) => `Browsers cannot fill the form in for visitors ${where}`,
    wrong: ({ facts }) => `Personal data must be typed by hand although the browser knows it: ${facts}.`,
    why: 'Filling in by one tap is the quickest way through a form, above all on a phone. WCAG (SC 1.3.5) and Lighthouse ask for the tokens.',
    recommend: () => ['Add the autocomplete token that fits each field: name, email, tel, street-address, postal-code, cc-number.'],
  },
  'form.inputType': {
    section: 'form', claimKind: 'measurement', impact: 3, effort: 1,
    title: ({ named }) => `${named('A field')} brings up the wrong keyboard`,
    wrong: ({ facts }) => `On a phone, visitors have to switch keyboards to answer: ${facts}.`,
    why: 'The digits of a phone number on a letter keyboard mean small keys and wrong entries, and each correction is a chance to give up. The yardstick is a rule of thumb.',
    recommend: () => [
      'Set type="tel" for phone numbers, type="email" for addresses and inputmode="numeric" for card numbers.',
      'Accept spaces, dashes and a leading plus in numbers.',
    ],
  },
};

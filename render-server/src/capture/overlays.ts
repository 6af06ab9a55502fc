import type { Overlay } from '../evidence.ts';
import { ACCEPT, CHAT, CHAT_MARKS, CLOSE, COOKIE_MARKS, COOKIES, CROSS, REJECT } from '../words.ts';
import type { OverlayFacts } from './in-page/overlays.ts';

/** What an overlay is, by its vendor's marks, its words, its role and its place. */
export function overlayOf(facts: OverlayFacts): Overlay {
  const { selector, box, coverage, blocked, text, frames, inPlace, controls } = facts;
  return { selector, kind: kindOf(facts), box, coverage, blocked, text, close: closeOf(facts), controls: controls.map(({ name }) => name), frames, inPlace };
}

function kindOf({ role, marks, modal, thin, inPlace, corner, coverage, text, controls }: OverlayFacts): Overlay['kind'] {
  // A bakery's menu speaks of cookies too: the word counts beside something to agree to or to refuse.
  const asksConsent = !inPlace && COOKIES.test(text) && controls.some(({ name }) => [ACCEPT, REJECT, CLOSE, CROSS].some((words) => words.test(name)));
  if (COOKIE_MARKS.test(marks) || asksConsent) return 'cookie';
  if (corner && (CHAT_MARKS.test(marks) || CHAT.test(text) || controls.some(({ name, marks: own }) => CHAT.test(name) || CHAT_MARKS.test(own)))) return 'chat';
  if (modal || role === 'dialog' || role === 'alertdialog') return 'dialog';
  if (thin) return 'bar';
  return coverage >= 0.3 ? 'dialog' : 'other';
}

/** The control that takes it away without agreeing to anything: a close by name, a cross, a refusal, a nameless one marked as close. */
function closeOf({ controls }: OverlayFacts): Overlay['close'] {
  const control = controls.find(({ name }) => CROSS.test(name) || CLOSE.test(name))
    ?? controls.find(({ name }) => REJECT.test(name))
    ?? controls.find(({ name, marks }) => name === '' && /(?:^|[\s_-])(?:close|dismiss)/.test(marks));
  return control === undefined ? null : { selector: control.selector, name: control.name, box: control.box };
}

/** Text that a finding puts in quotation marks, and whether the page has it. */
import { TEXT_LIMIT, type Evidence } from '../evidence.ts';

/** Opening mark at the start of a word, closing mark at the end of one: a 15" screen is no quotation. */
const QUOTED = /(?<![\p{L}\p{N}])(?:"(?!\s)([^"\n]{2,300}?)(?<!\s)"|[“„](?!\s)([^“”„"\n]{2,300}?)(?<!\s)[”“]|«\s*([^«»\n]{2,300}?)\s*»)(?![\p{L}\p{N}])/gu;

/** All quotations in a text, without their marks; one with an ellipsis counts as its parts. */
export function quotesIn(text: string): string[] {
  return [...text.matchAll(QUOTED)]
    .map((match) => match[1] ?? match[2] ?? match[3] ?? '')
    .flatMap((quote) => quote.split(/…|\.{3}|\[…\]/))
    .map((part) => part.trim())
    .filter((part) => foldText(part).length >= 2);
}

/** Lower case, one kind of apostrophe and space, no punctuation at the ends: how two texts are compared. */
export function foldText(text: string): string {
  return text.normalize('NFKC').toLowerCase().replace(/[’‘`´]/g, "'").replace(/\s+/g, ' ')
    .replace(/^[\s.,;:!?]+|[\s.,;:!?]+$/g, '');
}

export interface PageTexts {
  /** False when the whole page was read and the quotation is nowhere in it. */
  mayContain(quote: string): boolean;
}

const remembered = new WeakMap<Evidence, PageTexts>();

/** Everything on the page that can be read, ready to be searched. Kept for as long as the evidence is. */
export function pageTexts(evidence: Evidence): PageTexts {
  const before = remembered.get(evidence);
  if (before !== undefined) return before;

  const texts: string[] = [evidence.title, evidence.metaDescription ?? ''];
  let cut = false;
  for (const view of evidence.views) {
    cut ||= view.text.full.length >= TEXT_LIMIT;
    texts.push(view.text.full, view.text.firstScreen, ...view.headings.map((heading) => heading.text));
    for (const element of view.elements) texts.push(element.text, element.name);
    for (const form of view.forms) {
      for (const field of form.fields) texts.push(field.label, field.placeholder, field.name);
    }
    for (const overlay of view.overlays) texts.push(overlay.text, overlay.close?.name ?? '');
  }
  const folded = texts.map(foldText);
  const found: PageTexts = {
    mayContain: (quote) => cut || folded.some((text) => text.includes(foldText(quote))),
  };
  remembered.set(evidence, found);
  return found;
}

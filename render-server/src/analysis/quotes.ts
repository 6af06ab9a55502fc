/** Text that a finding puts in quotation marks, and whether the page has it. */
import type { Check } from '@cro-analyzer/protocol/messages';
import { checkKey } from '../check-key.ts';
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

/** What is in a text and cannot be seen: soft hyphens, joiners, byte order marks. */
const INVISIBLE = /[\u00AD\u200B-\u200D\u2060\uFEFF]/g;

/** Lower case, one kind of apostrophe, dash and space, nothing invisible, no punctuation at the ends: how two texts are compared. */
export function foldText(text: string): string {
  return text.normalize('NFKC').toLowerCase().replace(INVISIBLE, '').replace(/[’‘`´]/g, "'").replace(/[‐-―−]/g, '-').replace(/\s+/g, ' ')
    .replace(/^[\s.,;:!?]+|[\s.,;:!?]+$/g, '');
}

/** The quotations in a text that are nowhere in what an analyst was told of the page; none where the page was not read to its end. */
export function inventedQuotes(text: string, evidence: Evidence, checks: Check[]): string[] {
  const quotes = quotesIn(text);
  if (quotes.length === 0 || evidence.views.some((view) => view.text.full.length >= TEXT_LIMIT)) return [];
  const told = textsOf(evidence, checks).map(foldText);
  return quotes.filter((quote) => !told.some((one) => one.includes(foldText(quote))));
}

/** Everything about the page that can be read, its own words and ours. */
function textsOf(evidence: Evidence, checks: Check[]): string[] {
  return [
    evidence.url, evidence.title, evidence.metaDescription ?? '', evidence.language ?? '', ...evidence.limits,
    ...checks.flatMap((check) => [checkKey(check), check.title, check.value, check.threshold]),
    ...evidence.views.flatMap((view) => [
      view.text.full, view.text.firstScreen, view.metaViewport ?? '',
      ...view.console.errors, ...view.console.pageErrors, ...view.console.foreignErrors,
      ...view.headings.map((heading) => heading.text),
      ...view.elements.flatMap(({ id, text, name }) => [id, text, name]),
      ...view.forms.flatMap((form) => form.fields.flatMap(({ label, placeholder, name, type }) => [label, placeholder, name, type])),
      ...view.overlays.flatMap((overlay) => [overlay.text, ...overlay.controls, overlay.close?.name ?? '']),
    ]),
  ];
}

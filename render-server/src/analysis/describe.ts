/**
 * A page in words for Claude. Whatever the page itself wrote goes through `quote`, so that it stays within its quotation
 * marks and can neither end the block of page data nor begin a line of its own.
 */
import type { AnalysisRequest, Check } from '@cro-analyzer/protocol/messages';
import { checkKey } from '../check-key.ts';
import type { Evidence, Form, Heading, Overlay, PageElement, View } from '../evidence.ts';
import { foldText } from './quotes.ts';

/** How much of each list is told at most; lengths are characters. */
const FULL = { elements: 90, headings: 30, forms: 5, fields: 15, overlays: 5, string: 300, firstScreen: 1_500, text: 5_000 };
type Room = typeof FULL;
const MAX_CHECK_ELEMENTS = 8;

const GOALS: Record<AnalysisRequest['goal'], string> = {
  auto: 'infer it from the page',
  purchase: 'buy',
  lead: 'leave their details',
  signup: 'sign up',
  contact: 'get in touch',
  read: 'read on',
};

/** What the caller wants, in lines. */
export function describeRequest(request: AnalysisRequest): string {
  const lines = [
    '# Request',
    `What visitors should do: ${GOALS[request.goal]}`,
    `Devices: ${request.devices.join(', ')}`,
    `Findings wanted: at most ${request.maxFindings}`,
    `Language of the answer: ${request.language}`,
  ];
  if (request.audience !== undefined) lines.push(`Visitors: ${quote(request.audience, Infinity)}`);
  if (request.context !== undefined) lines.push(`Also known: ${quote(request.context, Infinity)}`);
  if (request.focus.length > 0) lines.push(`Concentrate on: ${request.focus.join(', ')}`);
  return lines.join('\n');
}

export interface PageWords {
  text: string;
  /** Ids of the elements that are told with their place. */
  elements: ReadonlySet<string>;
}

/**
 * What was seen and measured, in lines between the marks of page data.
 * @param share of FULL, above 0 and up to 1: how much of each list there is room for
 */
export function describePage(evidence: Evidence, checks: Check[], share = 1): PageWords {
  const room = roomOf(share);
  const cited = new Set(checks.filter(speaks).flatMap((check) => check.elements));
  const told = new Map(evidence.views.map((view) => [view, chooseElements(view, cited, room)]));
  const lines = [
    '<page_data>',
    '# Page',
    `address: ${quote(evidence.url)}`,
    `status: ${evidence.status}`,
    `title: ${quote(evidence.title)}`,
    `description: ${evidence.metaDescription === null ? 'none' : quote(evidence.metaDescription)}`,
    `page language: ${evidence.language === null ? 'not stated' : quote(evidence.language)}`,
    `kind of page: ${evidence.businessType}`,
    ...evidence.limits.map((limit) => `not seen: ${quote(limit)}`),
    '',
    '# Checks: key, status, measured value, threshold and elements of those that did not pass',
    ...checks.map((check) => describeCheck(check, room)),
    ...[...told].flatMap(([view, elements], index) => ['', ...describeView(view, elements, index === 0, room)]),
    '</page_data>',
  ];
  return {
    text: lines.join('\n'),
    elements: new Set([...told.values()].flat().filter(({ visible }) => visible).map(({ id }) => id)),
  };
}

function roomOf(share: number): Room {
  const of = (most: number): number => Math.max(1, Math.round(most * share));
  return {
    elements: of(FULL.elements), headings: of(FULL.headings), forms: of(FULL.forms), fields: of(FULL.fields), overlays: of(FULL.overlays),
    string: of(FULL.string), firstScreen: of(FULL.firstScreen), text: of(FULL.text),
  };
}

function speaks({ status }: Check): boolean {
  return status === 'warn' || status === 'fail';
}

function describeCheck(check: Check, room: Room): string {
  const words = [checkKey(check), check.status, quote(check.value, room.string)];
  if (speaks(check)) {
    words.push(`threshold ${quote(check.threshold, room.string)}`);
    if (check.elements.length > 0) words.push(`elements ${check.elements.slice(0, MAX_CHECK_ELEMENTS).join(' ')}`);
  }
  return words.join(' ');
}

function describeView(view: View, elements: PageElement[], withText: boolean, room: Room): string[] {
  const name = view.device.toUpperCase();
  const forms = view.forms.filter((form) => form.fields.length > 0);
  const overlays = view.overlays.filter((overlay) => !overlay.inPlace);
  const hidden = elements.filter((element) => !element.visible);
  return [
    `# ${name}: viewport ${view.viewport.width}x${view.viewport.height}, page ${view.page.width}x${view.page.height} CSS px`,
    `## ${name} elements: id, kind, text, x,y width x height on the page`,
    ...elements.filter((element) => element.visible).map((element) => describeElement(element, room)),
    ...(hidden.length === 0 ? [] : [`## ${name} elements that are hidden: id, kind, text`]),
    ...hidden.map((element) => describeElement(element, room)),
    ...more('elements', view.elements.length, room.elements),
    `## ${name} headings`,
    ...view.headings.slice(0, room.headings).map((heading) => describeHeading(heading, room)),
    ...more('headings', view.headings.length, room.headings),
    ...forms.slice(0, room.forms).flatMap((form) => describeForm(form, name, room)),
    ...more('forms', forms.length, room.forms),
    ...overlays.slice(0, room.overlays).map((overlay) => describeOverlay(overlay, name, room)),
    ...more('overlays', overlays.length, room.overlays),
    `## ${name} text of the first screen`,
    quote(view.text.firstScreen, room.firstScreen),
    ...(withText ? [`## ${name} text of the whole page`, quote(view.text.full, room.text)] : []),
  ];
}

/** Those of most weight for which there is room, from top to bottom. */
function chooseElements(view: View, cited: ReadonlySet<string>, room: Room): PageElement[] {
  return view.elements.toSorted((a, b) => rankOf(a, cited) - rankOf(b, cited)).slice(0, room.elements).toSorted(byPlace);
}

/** What is left out last: what failed checks are about, then actions and the first screen, then main content, then the rest that is seen. */
function rankOf(element: PageElement, cited: ReadonlySet<string>): number {
  if (cited.has(element.id)) return 0;
  if (!element.visible) return 4;
  if (element.cta !== null || element.inFirstScreen) return 1;
  return element.landmark === 'main' ? 2 : 3;
}

/** From the top of the page to its bottom, and from left to right. */
export function byPlace(a: PageElement, b: PageElement): number {
  return a.box.y - b.box.y || a.box.x - b.box.x;
}

function describeElement(element: PageElement, room: Room): string {
  const { x, y, width, height } = element.box;
  const words = [element.id, element.kind, quote(element.text || element.name, room.string)];
  if (element.visible) words.push(`${Math.round(x)},${Math.round(y)} ${Math.round(width)}x${Math.round(height)}`);
  if (element.text !== '' && !foldText(element.text).startsWith(foldText(element.name))) words.push(`name ${quote(element.name, room.string)}`);
  if (element.inFirstScreen) words.push('first-screen');
  if (element.cta !== null) words.push(`${element.cta}-action`);
  if (element.covered !== null && element.covered > 0) words.push(`covered ${Math.round(element.covered * 100)}%`);
  if (element.landmark !== 'main') words.push(`in ${element.landmark}`);
  return words.join(' ');
}

function describeHeading(heading: Heading, room: Room): string {
  return `h${heading.level} ${quote(heading.text, room.string)} ${Math.round(heading.fontSize)}px${heading.visible ? '' : ' hidden'}${heading.element === null ? '' : ` is ${heading.element}`}`;
}

function describeForm(form: Form, name: string, room: Room): string[] {
  return [
    `## ${name} form: ${form.purpose}${form.visible ? '' : ', hidden'}, ${form.fields.length} ${form.fields.length === 1 ? 'field' : 'fields'}`,
    ...form.fields.slice(0, room.fields).map((field) => {
      const words = [field.element ?? 'field', quote(field.type, room.string), `label ${quote(field.label, room.string)}`];
      if (field.placeholder !== '') words.push(`placeholder ${quote(field.placeholder, room.string)}`);
      if (field.required) words.push('required');
      if (!field.visible) words.push('hidden');
      return words.join(' ');
    }),
    ...more('fields', form.fields.length, room.fields),
  ];
}

function describeOverlay(overlay: Overlay, name: string, room: Room): string {
  return `## ${name} overlay: ${overlay.kind}, covers ${Math.round(overlay.coverage * 100)}% of the viewport, ${overlay.close === null ? 'no control to close it was found' : `closed by ${quote(overlay.close.name, room.string)}`}, says ${quote(overlay.text, room.string)}`;
}

function more(what: string, total: number, shown: number): string[] {
  return total > shown ? [`(${total - shown} more ${what} are not listed)`] : [];
}

/** As a JSON string in which no tag can be written; longer text is cut and says so. */
function quote(text: string, limit = 500): string {
  const cut = text.length > limit ? `${text.slice(0, limit)}[cut]` : text;
  return JSON.stringify(cut.toWellFormed()).replaceAll('<', '\\u003c');
}

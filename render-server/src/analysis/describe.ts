/**
 * A page in words for Claude. Whatever the page itself wrote goes through `quote`, so that it stays within its quotation
 * marks and can neither end the block of page data nor begin a line of its own.
 */
import type { AnalysisRequest, Check } from '@cro-analyzer/protocol/messages';
import { checkKey } from '../check-key.ts';
import type { Evidence, Form, Heading, Overlay, PageElement, View } from '../evidence.ts';

/** What fits the budget of tokens beside the pictures. */
const MAX_ELEMENTS = 90;
const MAX_CHECK_ELEMENTS = 8;
const MAX_HEADINGS = 30;
const MAX_FORMS = 5;
const MAX_FIELDS = 15;
const MAX_OVERLAYS = 5;
const MAX_VALUE = 300;
const FIRST_SCREEN_CHARACTERS = 1_500;
const TEXT_CHARACTERS = 5_000;

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
  if (request.audience !== undefined) lines.push(`Visitors: ${quote(request.audience)}`);
  if (request.context !== undefined) lines.push(`Also known: ${quote(request.context)}`);
  if (request.focus.length > 0) lines.push(`Concentrate on: ${request.focus.join(', ')}`);
  return lines.join('\n');
}

/** What was seen and measured, in lines between the marks of page data. */
export function describePage(evidence: Evidence, checks: Check[]): string {
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
    ...checks.map(describeCheck),
    ...evidence.views.flatMap((view, index) => ['', ...describeView(view, index === 0)]),
    '</page_data>',
  ];
  return lines.join('\n');
}

function describeCheck(check: Check): string {
  const words = [checkKey(check), check.status, quote(check.value, MAX_VALUE)];
  if (check.status === 'warn' || check.status === 'fail') {
    words.push(`threshold ${quote(check.threshold, MAX_VALUE)}`);
    if (check.elements.length > 0) words.push(`elements ${check.elements.slice(0, MAX_CHECK_ELEMENTS).join(' ')}`);
  }
  return words.join(' ');
}

function describeView(view: View, withText: boolean): string[] {
  const name = view.device.toUpperCase();
  const elements = view.elements.toSorted((a, b) => rankOf(a) - rankOf(b)).slice(0, MAX_ELEMENTS)
    .toSorted((a, b) => a.box.y - b.box.y || a.box.x - b.box.x);
  return [
    `# ${name}: viewport ${view.viewport.width}x${view.viewport.height}, page ${view.page.width}x${view.page.height} CSS px`,
    `## ${name} elements: id, kind, text, x,y width x height, tile`,
    ...elements.map((element) => describeElement(element, view)),
    ...more('elements', view.elements.length, MAX_ELEMENTS),
    `## ${name} headings`,
    ...view.headings.slice(0, MAX_HEADINGS).map(describeHeading),
    ...more('headings', view.headings.length, MAX_HEADINGS),
    ...view.forms.slice(0, MAX_FORMS).flatMap((form) => describeForm(form, name)),
    ...more('forms', view.forms.length, MAX_FORMS),
    ...view.overlays.slice(0, MAX_OVERLAYS).map((overlay) => describeOverlay(overlay, name)),
    ...more('overlays', view.overlays.length, MAX_OVERLAYS),
    `## ${name} text of the first screen`,
    quote(view.text.firstScreen, FIRST_SCREEN_CHARACTERS),
    ...(withText ? [`## ${name} text of the whole page`, quote(view.text.full, TEXT_CHARACTERS)] : []),
  ];
}

/** What is left out first when there are too many: the hidden, then what is no call to action below the first screen. */
function rankOf(element: PageElement): number {
  if (!element.visible) return 3;
  if (element.cta !== null || element.inFirstScreen) return 0;
  return element.landmark === 'main' ? 1 : 2;
}

function describeElement(element: PageElement, view: View): string {
  const { x, y, width, height } = element.box;
  const middle = y + height / 2;
  const tile = view.tiles.find(({ box }) => middle >= box.y && middle < box.y + box.height);
  const words = [
    element.id,
    element.kind,
    quote(element.text || element.name),
    `${Math.round(x)},${Math.round(y)} ${Math.round(width)}x${Math.round(height)}`,
    `tile ${tile?.index ?? 'none'}`,
  ];
  if (element.text !== '' && element.name !== '' && element.name !== element.text) words.push(`name ${quote(element.name)}`);
  if (!element.visible) words.push('hidden');
  if (element.inFirstScreen) words.push('first-screen');
  if (element.cta !== null) words.push(`${element.cta}-action`);
  if (element.covered !== null && element.covered > 0) words.push(`covered ${Math.round(element.covered * 100)}%`);
  if (element.landmark !== 'main') words.push(`in ${element.landmark}`);
  return words.join(' ');
}

function describeHeading(heading: Heading): string {
  return `h${heading.level} ${quote(heading.text)} ${Math.round(heading.fontSize)}px${heading.visible ? '' : ' hidden'}${heading.element === null ? '' : ` is ${heading.element}`}`;
}

function describeForm(form: Form, name: string): string[] {
  return [
    `## ${name} form: ${form.purpose}${form.visible ? '' : ', hidden'}, ${form.fields.length} fields`,
    ...form.fields.slice(0, MAX_FIELDS).map((field) => {
      const words = [field.element ?? 'field', quote(field.type), `label ${quote(field.label)}`];
      if (field.placeholder !== '') words.push(`placeholder ${quote(field.placeholder)}`);
      if (field.required) words.push('required');
      if (!field.visible) words.push('hidden');
      return words.join(' ');
    }),
    ...more('fields', form.fields.length, MAX_FIELDS),
  ];
}

function describeOverlay(overlay: Overlay, name: string): string {
  return `## ${name} overlay: ${overlay.kind}, covers ${Math.round(overlay.coverage * 100)}% of the viewport, ${overlay.close === null ? 'no control to close it was found' : `closed by ${quote(overlay.close.name)}`}, says ${quote(overlay.text)}`;
}

function more(what: string, total: number, shown: number): string[] {
  return total > shown ? [`(${total - shown} more ${what} are not listed)`] : [];
}

/** As a JSON string in which no tag can be written; longer text is cut and says so. */
function quote(text: string, limit = 500): string {
  const cut = text.length > limit ? `${text.slice(0, limit)}[cut]` : text;
  return JSON.stringify(cut.toWellFormed()).replaceAll('<', '\\u003c');
}

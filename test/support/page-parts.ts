/** Parts of a page by hand, and a bare page to put them on: for tests that say what a page has and has not. */
import type { Device } from '@cro-analyzer/protocol/messages';
import type { Evidence, Form, FormField, Overlay, PageElement, View } from '../../render-server/src/evidence.ts';
import { elementOf, evidenceOf, viewOf } from './evidence.ts';

const bare = { tiles: [], elements: [], headings: [], text: textOf(''), axeRan: ['label', 'select-name', 'target-size'] };
const bareViews: Record<Device, View> = { desktop: viewOf('desktop', bare), mobile: viewOf('mobile', bare) };
const page = evidenceOf();

/** A view of a page with nothing on it that a check could cite. */
export function bareView(overrides: Partial<View> = {}, device: Device = 'desktop'): View {
  return { ...bareViews[device], ...overrides };
}

/** Evidence of a bare page on one desktop, with the parts given. */
export function pageWith(view: Partial<View>, overrides: Partial<Evidence> = {}): Evidence {
  return { ...page, views: [bareView(view)], ...overrides };
}

/** The same on one phone. */
export function phonePageWith(view: Partial<View>): Evidence {
  return { ...page, views: [bareView(view, 'mobile')] };
}

export function textOf(full: string, firstScreen = full): View['text'] {
  return { full, firstScreen, characters: full.length, smallCharacters: 0 };
}

/** The button that the page is for. */
export function buttonOf(overrides: Partial<PageElement> = {}): PageElement {
  return elementOf({
    id: 'd1',
    text: 'Add to basket',
    cta: 'primary',
    box: { x: 100, y: 100, width: 200, height: 48 },
    style: { color: 'rgb(255, 255, 255)', background: 'rgb(20, 83, 45)', fontSize: 16, fontWeight: 400 },
    ...overrides,
  });
}

export function linkOf(text: string, href = 'https://shop.example/page'): PageElement {
  return elementOf({ kind: 'link', tag: 'a', role: 'link', text, href, landmark: 'footer' });
}

export function formOf(fields: FormField[], purpose: Form['purpose'] = 'lead'): Form {
  return { selector: 'form', action: 'https://shop.example/send', purpose, visible: true, box: { x: 0, y: 0, width: 400, height: 400 }, fields };
}

export function fieldOf(overrides: Partial<FormField> = {}): FormField {
  return {
    element: null,
    selector: 'input',
    tag: 'input',
    type: 'text',
    name: 'field',
    label: 'Field',
    placeholder: '',
    autocomplete: '',
    inputMode: '',
    required: false,
    visible: true,
    asks: null,
    ...overrides,
  };
}

export function overlayOf(overrides: Partial<Overlay> = {}): Overlay {
  return {
    selector: '.overlay',
    kind: 'dialog',
    box: { x: 0, y: 0, width: 144, height: 900 },
    coverage: 0.1,
    blocked: 0.1,
    text: 'Ten percent off',
    close: { selector: '.close', name: 'Close', box: { x: 100, y: 0, width: 40, height: 40 } },
    controls: ['Close'],
    frames: false,
    inPlace: false,
    ...overrides,
  };
}

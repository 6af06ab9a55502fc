import type { DomKit } from './dom.ts';

/** Runs in the page. Accessible names and roles, after the order of the accessible name computation (W3C accname 1.2). */
export function nameKit(dom: DomKit) {
  const ROLES: Record<string, string> = {
    a: 'link', button: 'button', summary: 'button', select: 'combobox', textarea: 'textbox', img: 'img', nav: 'navigation',
    h1: 'heading', h2: 'heading', h3: 'heading', h4: 'heading', h5: 'heading', h6: 'heading', blockquote: 'blockquote', p: 'paragraph', dialog: 'dialog',
  };
  const INPUT_ROLES: Record<string, string> = {
    submit: 'button', button: 'button', reset: 'button', image: 'button', checkbox: 'checkbox', radio: 'radio', range: 'slider', number: 'spinbutton', search: 'searchbox',
  };

  function roleOf(element: Element): string {
    const given = element.getAttribute('role')?.trim().split(/\s+/)[0];
    if (given) return dom.fold(given, 40);
    if (element instanceof HTMLInputElement) return INPUT_ROLES[element.type] ?? 'textbox';
    return ROLES[element.localName] ?? '';
  }

  function byIds(element: Element, attribute: string): string {
    const scope = element.getRootNode() as Document | ShadowRoot;
    const ids = (element.getAttribute(attribute) ?? '').split(/\s+/).filter(Boolean).slice(0, 10);
    return ids.map((id) => scope.querySelector(`#${CSS.escape(id)}`)?.textContent ?? '').join(' ').trim();
  }

  /** Labels of a field, those a visitor can see alone or all of them. */
  function labelsOf(element: Element, seenOnly: boolean): string {
    const labels = element instanceof HTMLInputElement || element instanceof HTMLSelectElement || element instanceof HTMLTextAreaElement ? [...element.labels ?? []] : [];
    return dom.fold(labels.filter((label) => !seenOnly || dom.isVisible(label)).map((label) => label.innerText).join(' '), 120);
  }

  /** Text of an element with the names of pictures in it. */
  function contentOf(element: Element): string {
    const text = dom.textOf(element, 120);
    if (text !== '') return text;
    const inner = Element.prototype.querySelector.call(element, 'img[alt]:not([alt=""]), [aria-label]:not([aria-label=""]), svg title');
    return inner?.getAttribute('alt') ?? inner?.getAttribute('aria-label') ?? inner?.textContent ?? element.textContent ?? '';
  }

  function nameOf(element: Element): string {
    const field = dom.matches(element, 'input, select, textarea');
    const name = byIds(element, 'aria-labelledby')
      || element.getAttribute('aria-label')
      || (field ? labelsOf(element, false) : '')
      || element.getAttribute('alt')
      || (field && !dom.matches(element, '[type=submit], [type=button], [type=reset]') ? '' : contentOf(element))
      || element.getAttribute('title')
      || element.getAttribute('placeholder')
      || '';
    return dom.fold(name, 120);
  }

  return { roleOf, nameOf, labelsOf, labelledBy: (element: Element): string => dom.fold(byIds(element, 'aria-labelledby'), 120) };
}

import type { DomKit } from './dom.ts';

/** Runs in the page. The shortest stable CSS selector that finds exactly one element again. */
export function selectorKit(dom: DomKit) {
  const known = new WeakMap<Element, string>();
  let shadows: ShadowRoot[] | null = null;

  /** Ids and test ids that a framework counts or rolls anew on each visit are no hold. */
  function isStable(value: string): boolean {
    return value.length <= 80 && !/\d{4,}|[:\s]|^\d|(?=[0-9a-f-]*\d)[0-9a-f-]{8,}|^(?:ember|radix|react|headlessui|mui|mantine|downshift)[-_]?/i.test(value);
  }

  /** Playwright's CSS looks into shadow roots by itself: a selector must not find a second element there. */
  function inShadows(selector: string): boolean {
    shadows ??= dom.elements().flatMap((element) => element.shadowRoot ?? []).slice(0, 200);
    return shadows.some((shadow) => shadow.querySelector(selector) !== null);
  }

  function finds(scope: Document | ShadowRoot, selector: string, element: Element): boolean {
    const found = scope instanceof Document ? Document.prototype.querySelectorAll.call(scope, selector) : scope.querySelectorAll(selector);
    return found.length === 1 && found[0] === element && !(scope instanceof Document && inShadows(selector));
  }

  function quoted(value: string): string {
    return `"${value.replace(/["\\]/g, '\\$&').replace(/\n/g, '\\a ')}"`;
  }

  function* byAttributes(element: Element): Generator<string> {
    const tag = CSS.escape(element.localName);
    const id = element.getAttribute('id');
    if (id && isStable(id)) yield `#${CSS.escape(id)}`;
    for (const attribute of ['data-testid', 'data-test', 'data-cy', 'data-qa']) {
      const value = element.getAttribute(attribute);
      if (value && isStable(value)) yield `[${attribute}=${quoted(value)}]`;
    }
    for (const attribute of ['name', 'aria-label', 'href', 'type', 'placeholder', 'alt', 'title', 'for', 'itemprop', 'role']) {
      const value = element.getAttribute(attribute);
      if (value && value.length <= 100 && !/^(?:data|javascript|blob):/i.test(value)) yield `${tag}[${attribute}=${quoted(value)}]`;
    }
    for (const name of [...element.classList].slice(0, 8)) if (isStable(name)) yield `${tag}.${CSS.escape(name)}`;
  }

  function step(element: Element): string {
    const tag = CSS.escape(element.localName);
    let place = 1;
    let alone = true;
    for (let other = element.previousElementSibling; other; other = other.previousElementSibling) {
      if (other.localName === element.localName) [place, alone] = [place + 1, false];
    }
    for (let other = element.nextElementSibling; alone && other; other = other.nextElementSibling) alone = other.localName !== element.localName;
    return alone ? tag : `${tag}:nth-of-type(${place})`;
  }

  function inScope(element: Element, scope: Document | ShadowRoot): string {
    for (const selector of byAttributes(element)) if (finds(scope, selector, element)) return selector;
    const tag = CSS.escape(element.localName);
    if (finds(scope, tag, element)) return tag;
    // A place among all the page's list items says little: the path is held by something with a name, or by the body.
    let path = step(element);
    for (let node = element.parentElement; node !== null && node !== dom.body; node = node.parentElement) {
      for (const anchor of byAttributes(node)) {
        if (!finds(scope, anchor, node)) continue;
        for (const short of [`${anchor} ${tag}`, `${anchor} ${step(element)}`]) if (finds(scope, short, element)) return short;
        return `${anchor} > ${path}`;
      }
      path = `${step(node)} > ${path}`;
    }
    return scope instanceof Document && element !== dom.body && dom.holds(dom.body, element) ? `body > ${path}` : path;
  }

  /**
   * For an element in shadow roots: the host's selector, a space, then its own within the root.
   * Playwright's CSS reads that; querySelector does not cross a shadow root.
   */
  function selectorOf(element: Element): string {
    let selector = known.get(element);
    if (selector === undefined) {
      const scope = element.getRootNode() as Document | ShadowRoot;
      selector = `${scope instanceof ShadowRoot ? `${selectorOf(scope.host)} ` : ''}${inScope(element, scope)}`;
      known.set(element, selector);
    }
    return selector;
  }

  /** Whether any listed element needs a selector that crosses a shadow root. */
  function crossesShadow(): boolean {
    return [...dom.state.ids.keys()].some((element) => element.getRootNode() instanceof ShadowRoot);
  }

  return { selectorOf, crossesShadow };
}

import type { Box } from '@cro-analyzer/protocol/messages';

/**
 * Runs in the page. Elements, boxes, visibility and text, through open shadow roots.
 * What it remembers holds for one settled page: a new world starts afresh.
 */
export function domKit() {
  // A page can shadow members of `document` by naming an image after them: take them from the prototype.
  const documentElement = (): HTMLElement | null => Reflect.get(Document.prototype, 'documentElement', document) as HTMLElement | null;
  const read = documentElement();
  // A document that nothing has come of yet has no element at all.
  const root = read ?? document.createElement('html');
  const body = (Reflect.get(Document.prototype, 'body', document) as HTMLElement | null) ?? root;
  // The first screen. innerHeight would be what a phone shows zoomed out, once something sticks out of the page.
  const width = Math.round(visualViewport?.width ?? root.clientWidth);
  const height = Math.round(visualViewport?.height ?? innerHeight);
  const CLIPPED = /^(?:auto|none)?(?:inset\((?:50|100)%|rect\(0px,? 0px,? 0px,? 0px\)|rect\(1px,? 1px,? 1px,? 1px\))/;
  const ELEMENTS_MAX = 20_000;

  /** What calls share: the listed elements by id, candidates and overlays by index. */
  const state = { ids: new Map<Element, string>(), candidates: [] as Element[], overlays: [] as Element[] };

  const styles = new WeakMap<Element, CSSStyleDeclaration>();
  const seen = new WeakMap<Element, boolean>();
  let all: Element[] | null = null;

  /** Text with its whitespace folded, cut to `max` characters. */
  function fold(text: string, max: number): string {
    return text.slice(0, max * 20).replace(/\s+/g, ' ').trim().slice(0, max);
  }

  /** Whether the document still is the one that this kit was made for: scripts can write it anew, or put another body in. */
  function isCurrent(): boolean {
    return documentElement() === read && (read === null || body.isConnected);
  }

  function styleOf(element: Element): CSSStyleDeclaration {
    let style = styles.get(element);
    if (style === undefined) styles.set(element, style = getComputedStyle(element));
    return style;
  }

  /** The parent as it is drawn: a slot's content belongs to the slot, a shadow root to its host. */
  function parentOf(element: Element): Element | null {
    if (element.assignedSlot) return element.assignedSlot;
    const parent = Reflect.get(Node.prototype, 'parentNode', element) as Node | null;
    if (parent instanceof ShadowRoot) return parent.host;
    return parent instanceof Element ? parent : null;
  }

  function holds(ancestor: Element, element: Element | null): boolean {
    for (let node = element; node !== null; node = parentOf(node)) if (node === ancestor) return true;
    return false;
  }

  /** A form's fields can shadow its members by their names, so that `form.matches` may be a field. */
  function matches(element: Element, selector: string): boolean {
    return Element.prototype.matches.call(element, selector);
  }

  function childrenOf(element: Element): Element[] {
    return [...Reflect.get(Element.prototype, 'children', element) as HTMLCollection];
  }

  /** The pieces of text directly in an element. */
  function textNodesOf(element: Element): Text[] {
    const nodes = [...Reflect.get(Node.prototype, 'childNodes', element) as NodeList];
    return [...nodes, ...element.shadowRoot?.childNodes ?? []].filter((node) => node instanceof Text);
  }

  /** The nearest of the element and its ancestors that matches, also across shadow roots. */
  function closest(element: Element, selector: string): Element | null {
    for (let node: Element | null = element; node !== null; node = parentOf(node)) if (matches(node, selector)) return node;
    return null;
  }

  /** Every element of the body in document order, with those in open shadow roots after their host; the first 20,000. */
  function elements(): Element[] {
    if (all !== null) return all;
    const found: Element[] = [];
    const visit = (container: Element | ShadowRoot): void => {
      const walker = document.createTreeWalker(container, NodeFilter.SHOW_ELEMENT);
      while (found.length < ELEMENTS_MAX && walker.nextNode()) {
        const element = walker.currentNode as Element;
        found.push(element);
        if (element.shadowRoot) visit(element.shadowRoot);
      }
    };
    visit(body);
    return all = found;
  }

  function query(selector: string): Element[] {
    return elements().filter((element) => matches(element, selector));
  }

  /** What can be seen and pressed: an inline link's own box is one line of text, whatever stands in it. */
  function rectOf(element: Element): DOMRect {
    const own = element.getBoundingClientRect();
    if (!(element instanceof HTMLAnchorElement) || styleOf(element).display !== 'inline') return own;
    const rects = [own, ...childrenOf(element).slice(0, 20).map((child) => child.getBoundingClientRect())].filter((rect) => rect.width > 0 && rect.height > 0);
    if (rects.length < 2) return rects[0] ?? own;
    const left = Math.min(...rects.map((rect) => rect.left));
    const top = Math.min(...rects.map((rect) => rect.top));
    return new DOMRect(left, top, Math.max(...rects.map((rect) => rect.right)) - left, Math.max(...rects.map((rect) => rect.bottom)) - top);
  }

  function boxOf(element: Element): Box {
    const { x, y, width: wide, height: high } = rectOf(element);
    const round = (value: number): number => Math.round(value * 10) / 10;
    return { x: round(x + scrollX), y: round(y + scrollY), width: round(wide), height: round(high) };
  }

  function isClipped({ clipPath, clip }: CSSStyleDeclaration): boolean {
    return CLIPPED.test(clipPath + clip);
  }

  /** A fixed frame the size of the screen on a taller page: its script moves the content as the visitor scrolls. */
  function isShell(position: string, frame: DOMRect): boolean {
    return position === 'fixed' && frame.width >= 0.95 * width && frame.height >= 0.95 * height && root.scrollHeight > 1.2 * height;
  }

  /** Cut away by an ancestor that hides what does not fit in: a closed menu, another slide. */
  function clippedAway(element: Element): boolean {
    const box = rectOf(element);
    let position = styleOf(element).position;
    for (let node = parentOf(element); node !== null && node !== body && node !== root; node = parentOf(node)) {
      if (position === 'fixed') return false;
      const style = styleOf(node);
      if (isClipped(style)) return true;
      if (position === 'absolute' && style.position === 'static') continue;
      position = style.position;
      if (!/hidden|clip/.test(`${style.overflowX} ${style.overflowY}`)) continue;
      const frame = node.getBoundingClientRect();
      const across = Math.min(box.right, frame.right) - Math.max(box.left, frame.left);
      const down = Math.min(box.bottom, frame.bottom) - Math.max(box.top, frame.top);
      if ((style.overflowX !== 'visible' && across <= 1) || (style.overflowY !== 'visible' && down <= 1 && !isShell(position, frame))) return true;
    }
    return false;
  }

  /** Whether a visitor can see it, after scrolling down where needed. */
  function isVisible(element: Element): boolean {
    const known = seen.get(element);
    if (known !== undefined) return known;
    const box = rectOf(element);
    const visible = box.width > 1 && box.height > 1
      && box.right + scrollX > 0 && box.bottom + scrollY > 0
      && element.checkVisibility({ opacityProperty: true, visibilityProperty: true })
      && !isClipped(styleOf(element))
      && !clippedAway(element);
    seen.set(element, visible);
    return visible;
  }

  function inFirstScreen(element: Element): boolean {
    const box = boxOf(element);
    return isVisible(element) && box.x < width && box.y < height && box.x + box.width > 0 && box.y + box.height > 0;
  }

  /** The topmost element at a point of the viewport, inside shadow roots too. */
  function hit(x: number, y: number): Element | null {
    let element = Document.prototype.elementFromPoint.call(document, x, y);
    while (element?.shadowRoot) {
      const inner = element.shadowRoot.elementFromPoint(x, y);
      if (inner === null || inner === element) break;
      element = inner;
    }
    return element;
  }

  function textOf(element: Element, max: number): string {
    if (element instanceof HTMLInputElement) return /^(?:submit|button|reset)$/.test(element.type) ? fold(element.value || (element.type === 'submit' ? 'Submit' : ''), max) : '';
    if (element instanceof HTMLTextAreaElement || element instanceof HTMLSelectElement) return '';
    const own = element instanceof HTMLElement ? element.innerText : element.textContent;
    return fold(own || element.shadowRoot?.textContent || '', max);
  }

  return { root, body, width, height, state, isCurrent, fold, styleOf, parentOf, holds, matches, childrenOf, textNodesOf, closest, elements, query, rectOf, boxOf, isVisible, inFirstScreen, hit, textOf, elementsMax: ELEMENTS_MAX };
}

export type DomKit = ReturnType<typeof domKit>;

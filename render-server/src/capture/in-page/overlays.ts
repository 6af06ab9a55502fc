import type { Box } from '@cro-analyzer/protocol/messages';
import type { Kit } from '../world.ts';

/** What lies over the content, before it is known what it is. */
export interface OverlayFacts {
  selector: string;
  role: string;
  /** Ids, classes and addresses of it and its frames, lower case: vendors name themselves there. */
  marks: string;
  modal: boolean;
  /** Spans the viewport near its top or bottom edge and is no higher than a fifth of it. */
  thin: boolean;
  /** The page's own header or menu along the upper edge, where it belongs. */
  inPlace: boolean;
  /** Holds frames, which are not looked into. */
  frames: boolean;
  /** Small, and in a lower corner. */
  corner: boolean;
  box: Box;
  coverage: number;
  blocked: number;
  text: string;
  /** What can be pressed in it, 30 at most. */
  controls: { selector: string; name: string; marks: string; box: Box }[];
}

/** Runs in the page, at scroll 0. Fixed, stuck and dialog elements that a visitor meets on top of the content; 20 at most. */
export function findOverlays(kit: Kit): OverlayFacts[] {
  const { width, height } = kit;
  const GRID = 10;

  function marksOf(element: Element): string {
    return kit.fold(['id', 'class', 'aria-label', 'src', 'title'].map((name) => element.getAttribute(name) ?? '').join(' '), 200).toLowerCase();
  }

  /** The part that is drawn: a transparent wrapper counts only for what is in it. */
  function drawn(element: Element, depth: number): DOMRect | null {
    if (!kit.isVisible(element) && depth > 0) return null;
    const style = kit.styleOf(element);
    const words = kit.textNodesOf(element).some((node) => node.data.trim() !== '');
    if (kit.paints(element) || words || style.boxShadow !== 'none' || kit.matches(element, 'img, svg, video, canvas, iframe, input, button')) return element.getBoundingClientRect();
    if (depth > 8) return null;
    const parts = [...kit.childrenOf(element), ...element.shadowRoot?.children ?? []].slice(0, 200).flatMap((child) => drawn(child, depth + 1) ?? []);
    if (parts.length === 0) return null;
    const left = Math.min(...parts.map((part) => part.left));
    const top = Math.min(...parts.map((part) => part.top));
    return new DOMRect(left, top, Math.max(...parts.map((part) => part.right)) - left, Math.max(...parts.map((part) => part.bottom)) - top);
  }

  const DIALOGS = 'dialog[open], [role=dialog], [role=alertdialog], [aria-modal=true]';
  const holdsOne = (element: Element, selector: string): boolean => kit.matches(element, selector) || Element.prototype.querySelector.call(element, selector) !== null;
  const headlines = kit.query('h1').filter((headline) => kit.isVisible(headline));
  const letters = (element: Element): number => (element.textContent ?? '').length;

  /** A frame that the whole page stands in: it has the main content, or the headline and most of the text. */
  function isPage(element: Element): boolean {
    if (holdsOne(element, 'main, [role=main]')) return true;
    return !holdsOne(element, DIALOGS) && headlines.every((headline) => kit.holds(element, headline)) && letters(element) > letters(kit.body) / 2;
  }

  const candidates = kit.elements().filter((element) => {
    const { position } = kit.styleOf(element);
    return (position === 'fixed' || position === 'sticky' || kit.matches(element, DIALOGS))
      && element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && !isPage(element);
  }).slice(0, 300);
  const boxes = new Map(candidates.map((element) => [element, drawn(element, 0)]));

  const hits = new Map<Element, number>();
  for (let row = 0; row < GRID; row += 1) {
    for (let column = 0; column < GRID; column += 1) {
      let node = kit.hit((column + 0.5) / GRID * width, (row + 0.5) / GRID * height);
      for (; node !== null; node = kit.parentOf(node)) if (boxes.has(node)) hits.set(node, (hits.get(node) ?? 0) + 1);
    }
  }

  function spans(box: DOMRect): boolean {
    return box.width >= 0.8 * width && box.height <= 0.2 * height && (box.top <= 0.1 * height || box.bottom >= 0.9 * height);
  }

  /** On top of what lies at its middle, also where it is smaller than the grid's mesh. */
  function onTop(element: Element, box: DOMRect): boolean {
    const hit = kit.hit(box.x + box.width / 2, box.y + box.height / 2);
    return (hits.get(element) ?? 0) > 0 || kit.holds(element, hit);
  }

  const over = candidates.filter((element) => {
    const box = boxes.get(element);
    if (!box || box.width < 2 || box.height < 2) return false;
    if (box.right <= 0 || box.bottom <= 0 || box.left >= width || box.top >= height) return false;
    // A sticky element in its own place in the flow covers nothing; as a bar along the edge it follows the visitor.
    if (kit.styleOf(element).position === 'sticky' && !spans(box)) return false;
    return onTop(element, box);
  });
  const outermost = over.filter((element) => !over.some((other) => other !== element && kit.holds(other, element))).slice(0, 20);
  kit.state.overlays = outermost;

  return outermost.map((element) => {
    const box = boxes.get(element) ?? element.getBoundingClientRect();
    const across = Math.max(0, Math.min(box.right, width) - Math.max(box.left, 0));
    const down = Math.max(0, Math.min(box.bottom, height) - Math.max(box.top, 0));
    const inside = kit.elements().filter((node) => node !== element && kit.holds(element, node));
    const controls = inside.filter((node) => kit.matches(node, 'button, a[href], [role=button], input[type=button], input[type=submit], [aria-label][tabindex]') && kit.isVisible(node));
    const frames = [element, ...inside].filter((node) => kit.matches(node, 'iframe')).slice(0, 3);
    const isMenu = holdsOne(element, 'nav, header, [role=navigation], [role=banner]') || kit.closest(element, 'header, [role=banner]') !== null;
    return {
      selector: kit.selectorOf(element),
      role: kit.roleOf(element),
      marks: [element, ...frames].map(marksOf).join(' '),
      modal: kit.matches(element, '[aria-modal=true], dialog:modal') || inside.some((node) => kit.matches(node, '[aria-modal=true], [role=dialog], dialog[open]')),
      thin: spans(box),
      inPlace: spans(box) && box.top <= 0.1 * height && (isMenu || kit.styleOf(element).position === 'sticky'),
      frames: frames.length > 0,
      corner: across <= 0.35 * width && down <= 0.35 * height && box.bottom > 0.6 * height && box.right > 0.6 * width,
      box: { x: Math.round(box.x + scrollX), y: Math.round(box.y + scrollY), width: Math.round(box.width), height: Math.round(box.height) },
      coverage: Math.round(across * down / (width * height) * 1000) / 1000,
      blocked: (hits.get(element) ?? 0) / (GRID * GRID),
      text: kit.passageOf(element, 160),
      controls: controls.slice(0, 30).map((node) => ({ selector: kit.selectorOf(node), name: kit.nameOf(node), marks: marksOf(node), box: kit.boxOf(node) })),
    };
  });
}

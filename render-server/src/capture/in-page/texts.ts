import type { DomKit } from './dom.ts';

/** A piece of text with the element it stands in. */
interface Piece {
  node: Text;
  element: Element;
}

/** Runs in the page. Text as a visitor reads it: in its order, with spaces where the layout puts room. */
export function textKit(dom: DomKit) {
  const PIECES_MAX = 40_000;

  /** Every piece of text in a container that is not blank, in document order, through open shadow roots; the first 40,000. */
  function texts(within: Element): Piece[] {
    const found: Piece[] = [];
    const visit = (container: Element | ShadowRoot): void => {
      if (container instanceof Element && container.shadowRoot) visit(container.shadowRoot);
      const walker = document.createTreeWalker(container, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
      let node = walker.nextNode();
      for (; node !== null && found.length < PIECES_MAX; node = walker.nextNode()) {
        if (node instanceof Element && node.shadowRoot) visit(node.shadowRoot);
        const parent = Reflect.get(Node.prototype, 'parentNode', node) as Node | null;
        const element = parent instanceof ShadowRoot ? parent.host : parent;
        if (node instanceof Text && node.data.trim() !== '' && element instanceof Element) found.push({ node, element });
      }
    };
    visit(within);
    return found.filter(({ element }) => !dom.matches(element, 'script, style, noscript, template, textarea, select, option, svg *'));
  }

  function isShown(element: Element): boolean {
    return element === dom.body || dom.isVisible(element) || dom.styleOf(element).display === 'contents';
  }

  /** Reads pieces one after the other: the text of each with the space before and after it, and where it begins; null for one without a box. */
  function reader(): (node: Text) => { text: string; box: DOMRect } | null {
    const range = document.createRange();
    let last: DOMRect | null = null;
    // Pieces of one word touch, as in "<b>Buy</b>er"; links in a row do not, though no space is written between them.
    const joins = (a: DOMRect, b: DOMRect): boolean => Math.abs(a.bottom - b.bottom) < a.height / 2 && Math.min(Math.abs(b.left - a.right), Math.abs(a.left - b.right)) < 1.5;
    return (node) => {
      range.selectNodeContents(node);
      const boxes = range.getClientRects();
      const [box, end] = [boxes[0], boxes[boxes.length - 1]];
      if (box === undefined || end === undefined || box.width === 0) return null;
      const before = last === null || joins(last, box) && !/^\s/.test(node.data) ? '' : ' ';
      last = end;
      return { text: before + dom.fold(node.data, 25_000) + (/\s$/.test(node.data) ? ' ' : ''), box };
    };
  }

  /** What can be read in an element, its parts apart from each other. */
  function passageOf(element: Element, max: number): string {
    const read = reader();
    let passage = '';
    for (const piece of texts(element)) {
      if (passage.length > 2 * max) break;
      if (isShown(piece.element)) passage += read(piece.node)?.text ?? '';
    }
    return dom.fold(passage, max);
  }

  /** The innermost element with most of an element's words: it has their colour and size. */
  function wordsOf(element: Element): Element {
    let [most, holder] = [0, element];
    for (const { node, element: inner } of texts(element)) {
      const length = node.data.trim().length;
      if (length > most && isShown(inner)) [most, holder] = [length, inner];
    }
    return holder;
  }

  return { texts, isShown, reader, passageOf, wordsOf };
}

import type { Box } from '@cro-analyzer/protocol/messages';
import type { ElementKind, PageElement } from '../../evidence.ts';
import type { Kit } from '../world.ts';

/** An element that may be listed: what it takes to rank it. Its place in the answer is its index in later calls. */
export interface Candidate {
  kind: ElementKind;
  tag: string;
  role: string;
  name: string;
  text: string;
  visible: boolean;
  inFirstScreen: boolean;
  box: Box;
  href: string | null;
  landmark: PageElement['landmark'];
  /** Sends a form. */
  submits: boolean;
  /** Belongs to a search box. */
  searches: boolean;
  /** Stands out as a button does: filled with a colour of its own, large enough, in letters that can be read. */
  weighty: boolean;
}

/**
 * Runs in the page. Everything that could matter to conversion, in document order; 2,000 at most.
 * `overlays` are the indexes of overlays whose content does not belong to the page proper, `price` the source
 * of the pattern that prices have.
 */
export function survey(kit: Kit, { overlays, price }: { overlays: number[]; price: string }): { candidates: Candidate[]; left: number } {
  const CANDIDATES_MAX = 2_000;
  const BUTTONS = 'button, summary, [role=button], input[type=submit], input[type=button], input[type=image], input[type=reset]';
  const FIELDS = 'input:not([type=hidden]), select, textarea, [contenteditable=true], [role=textbox], [role=combobox], [role=searchbox]';
  const HEADINGS = 'h1, h2, h3, h4, h5, h6, [role=heading]';
  const PICTURES = 'img, [role=img], svg[aria-label], video';
  const HEADERS = 'header, [role=banner], #header, #head, #masthead, .header, .head, .site-header, .masthead, .topbar, .top-bar, .navbar';
  const OTHERS = 'blockquote, iframe, canvas, audio, table, details, dialog';
  const TELLING = 'a[href], button, h1, h2, h3, h4, h5, h6, [role=button], [role=link], label, blockquote, select';
  const PRICE = new RegExp(price, 'u');
  const roots = overlays.flatMap((index) => kit.state.overlays[index] ?? []);

  function landmarkOf(element: Element): PageElement['landmark'] {
    if (roots.some((root) => kit.holds(root, element))) return 'overlay';
    if (kit.closest(element, 'footer, [role=contentinfo], #footer, .footer') && !kit.closest(element, 'article, blockquote, figure')) return 'footer';
    if (kit.closest(element, 'nav, [role=navigation]')) return 'nav';
    const isContent = kit.closest(element, 'main, article, section, [role=main]') !== null;
    if (!isContent && (kit.closest(element, HEADERS) || isInTopBar(element))) return 'header';
    return 'main';
  }

  /** Within something along the upper edge that stays there: a header by any other name. */
  function isInTopBar(element: Element): boolean {
    for (let node: Element | null = element; node !== null && node !== kit.body; node = kit.parentOf(node)) {
      if (!/fixed|sticky/.test(kit.styleOf(node).position)) continue;
      const box = kit.boxOf(node);
      return box.y <= 0.1 * kit.height && box.height <= 0.2 * kit.height && box.width >= 0.8 * kit.width;
    }
    return false;
  }

  function isInSearch(element: Element): boolean {
    const scope = kit.closest(element, 'form, [role=search], search');
    return scope !== null && (kit.matches(scope, '[role=search], search')
      || Element.prototype.querySelector.call(scope, 'input[type=search], input[name=q]') !== null);
  }

  function isPrice(element: Element): boolean {
    if (kit.matches(element, '[itemprop=price], [itemprop=lowPrice]')) return true;
    const text = element.textContent;
    if (text === null || text.length > 60 || !PRICE.test(text) || text.replace(/[^\p{L}]/gu, '').length > 18) return false;
    return !kit.childrenOf(element).some((child) => PRICE.test(child.textContent ?? ''));
  }

  /** A block with words of its own that no listed element around it shows already. */
  function isPassage(element: Element): boolean {
    const own = kit.textNodesOf(element).reduce((length, node) => length + node.data.trim().length, 0);
    return own >= 12 && kit.styleOf(element).display !== 'inline' && !kit.closest(element, TELLING);
  }

  function kindOf(element: Element): ElementKind | null {
    if (kit.matches(element, BUTTONS)) return 'button';
    if (kit.matches(element, 'a[href], [role=link]')) return 'link';
    if (kit.matches(element, FIELDS)) return 'field';
    if (kit.matches(element, HEADINGS)) return 'heading';
    if (kit.matches(element, PICTURES)) return 'image';
    if (kit.matches(element, 'script, style, noscript, template, option, br, head, path, g, use')) return null;
    if (isPrice(element)) return 'price';
    return kit.matches(element, OTHERS) || isPassage(element) ? 'other' : null;
  }

  function isWeighty(element: Element, kind: ElementKind, text: string, box: Box): boolean {
    if (kind !== 'button' && kind !== 'link') return false;
    if (!/[\p{L}]{2}|[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u.test(text) || text.length > 60) return false;
    if (kit.matches(element, '[role=tab], [role=radio], [aria-pressed], [aria-selected], [role=switch], summary')) return false;
    const style = kit.styleOf(element);
    const area = box.width * box.height;
    return area >= 1_500 && box.height >= 24 && area <= 0.15 * kit.width * kit.height
      && (parseFloat(style.fontSize) >= 13 || Number(style.fontWeight) >= 600)
      && kit.isFilled(element);
  }

  const found = kit.elements().flatMap((element) => {
    const kind = kindOf(element);
    return kind === null ? [] : [{ element, kind }];
  });
  const kept = found.slice(0, CANDIDATES_MAX);
  kit.state.candidates = kept.map(({ element }) => element);

  const candidates = kept.map(({ element, kind }): Candidate => {
    const box = kit.boxOf(element);
    const visible = kit.isVisible(element);
    const text = visible ? kit.textOf(element, 160) : '';
    const href = element instanceof HTMLAnchorElement ? element.href : null;
    return {
      kind,
      tag: element.localName,
      role: kit.roleOf(element),
      name: kit.nameOf(element),
      text,
      visible,
      inFirstScreen: kit.inFirstScreen(element),
      box,
      href: href === null ? null : kit.fold(href, 500),
      landmark: landmarkOf(element),
      submits: (element instanceof HTMLButtonElement || element instanceof HTMLInputElement) && /^(?:submit|image)$/.test(element.type) && element.form !== null,
      searches: kind === 'button' && isInSearch(element),
      weighty: visible && isWeighty(element, kind, text, box),
    };
  });
  return { candidates, left: found.length - kept.length };
}

import type { DomKit } from './dom.ts';

/** Red, green, blue 0-255 and alpha 0-1. */
type Colour = [number, number, number, number];

/** Runs in the page. What lies behind an element, and whether it stands out from that. */
export function colourKit(dom: DomKit) {
  const parsed = new Map<string, Colour>();
  let pen: CanvasRenderingContext2D | null = null;
  let media: { element: Element; box: DOMRect }[] | null = null;

  /** Any CSS colour: rgb() directly, newer notations by drawing one pixel of it. */
  function parse(css: string): Colour {
    let colour = parsed.get(css);
    if (colour !== undefined) return colour;
    const numbers = /^rgba?\(([^)]*)\)$/.exec(css)?.[1]?.split(/[\s,/]+/).map(Number);
    if (numbers !== undefined && numbers.length >= 3) {
      colour = [numbers[0] ?? 0, numbers[1] ?? 0, numbers[2] ?? 0, numbers[3] ?? 1];
    } else {
      pen ??= new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true }) as CanvasRenderingContext2D | null;
      pen?.clearRect(0, 0, 1, 1);
      if (pen) pen.fillStyle = css;
      pen?.fillRect(0, 0, 1, 1);
      const [red = 0, green = 0, blue = 0, alpha = 0] = pen?.getImageData(0, 0, 1, 1).data ?? [];
      colour = [red, green, blue, alpha / 255];
    }
    parsed.set(css, colour);
    return colour;
  }

  function write([red, green, blue, alpha]: Colour): string {
    const rgb = `${Math.round(red)}, ${Math.round(green)}, ${Math.round(blue)}`;
    return alpha >= 1 ? `rgb(${rgb})` : `rgba(${rgb}, ${Math.round(alpha * 100) / 100})`;
  }

  function over(front: Colour, back: Colour): Colour {
    const [alpha, rest] = [front[3], back[3] * (1 - front[3])];
    const total = alpha + rest;
    if (total === 0) return [0, 0, 0, 0];
    const mix = (a: number, b: number): number => (a * alpha + b * rest) / total;
    return [mix(front[0], back[0]), mix(front[1], back[1]), mix(front[2], back[2]), total];
  }

  /** A picture, or a painted layer, that is not part of the element, drawn within `within` where the element's middle is. */
  function pictureBehind(element: Element, within: Element): boolean {
    media ??= dom.elements()
      .filter((item) => dom.matches(item, 'img, video, canvas, picture, iframe') || (dom.styleOf(item).position === 'absolute' && paints(item)))
      .map((item) => ({ element: item, box: item.getBoundingClientRect() }));
    const own = element.getBoundingClientRect();
    const [x, y] = [own.x + own.width / 2, own.y + own.height / 2];
    return media.some(({ element: item, box }) => x > box.left && x < box.right && y > box.top && y < box.bottom
      && dom.isVisible(item) && !dom.holds(element, item) && !dom.holds(item, element) && dom.holds(within, item));
  }

  /** The colour behind an element's text, its own background included; null where a picture, gradient or drawn layer lies there. */
  function backgroundOf(element: Element): string | null {
    let colour: Colour = [0, 0, 0, 0];
    let last = element;
    for (let node: Element | null = element; node !== null && colour[3] < 0.999; node = dom.parentOf(node)) {
      const style = dom.styleOf(node);
      if (style.backgroundImage !== 'none' || isFilledBefore(node)) return null;
      colour = over(colour, parse(style.backgroundColor));
      last = node;
    }
    if (pictureBehind(element, last)) return null;
    return write(over(colour, [255, 255, 255, 1]));
  }

  function drawn(style: CSSStyleDeclaration): boolean {
    return style.backgroundImage !== 'none' || parse(style.backgroundColor)[3] >= 0.3;
  }

  function paints(element: Element): boolean {
    return drawn(dom.styleOf(element));
  }

  /** Whether ::before or ::after draws the larger part of an element's background. */
  function isFilledBefore(element: Element): boolean {
    return ['::before', '::after'].some((pseudo) => {
      const style = getComputedStyle(element, pseudo);
      if (style.content === 'none' || style.content === 'normal' || style.position !== 'absolute' || !drawn(style)) return false;
      const { width, height } = dom.rectOf(element);
      return parseFloat(style.width) * parseFloat(style.height) >= 0.5 * width * height;
    });
  }

  /** Whether an element, or a child that fills it, is filled with something else than what lies behind it. */
  function isFilled(element: Element): boolean {
    const own = dom.rectOf(element);
    let filled: Element | null = element;
    while (filled !== null && !paints(filled) && !isFilledBefore(filled)) {
      const filling: Element[] = dom.childrenOf(filled).filter((child) => {
        const box = child.getBoundingClientRect();
        return box.width * box.height >= 0.8 * own.width * own.height;
      });
      filled = filling.find(paints) ?? (filling.length === 1 ? filling[0] ?? null : null);
    }
    if (filled === null) return false;
    if (dom.styleOf(filled).backgroundImage !== 'none' || isFilledBefore(filled)) return true;
    const parent = dom.parentOf(filled);
    const behind = parent === null ? 'rgb(255, 255, 255)' : backgroundOf(parent);
    if (behind === null) return true;
    const back = parse(behind);
    const front = over(parse(dom.styleOf(filled).backgroundColor), back);
    return [0, 1, 2].some((channel) => Math.abs((front[channel] ?? 0) - (back[channel] ?? 0)) >= 24);
  }

  return { colourOf: (css: string): string => write(parse(css)), backgroundOf, isFilled, paints };
}

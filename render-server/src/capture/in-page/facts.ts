import type { BrokenImage, Heading, PageText } from '../../evidence.ts';
import type { Kit } from '../world.ts';

/** What the page says of itself, besides its elements. */
export interface PageFacts {
  title: string;
  metaDescription: string | null;
  language: string | null;
  metaViewport: string | null;
  page: { width: number; height: number; clientWidth: number };
  headings: Heading[];
  text: PageText;
  /** Texts of the JSON-LD blocks; one over the limit is left out and counted. */
  jsonLd: { blocks: string[]; tooLong: number };
  images: { total: number; broken: BrokenImage[] };
  /** Hosts of visible frames, which are not looked into. */
  frames: string[];
  /** Share of the first screen that canvases draw. */
  canvasShare: number;
  elementsCut: boolean;
  crossesShadow: boolean;
}

/** Runs in the page, at scroll 0, after the elements were numbered. */
export async function readFacts(kit: Kit): Promise<PageFacts> {
  const TEXT_MAX = 20_000;
  const JSON_LD_MAX = 200_000;

  function meta(name: string): string | null {
    const element = [...kit.root.querySelectorAll('meta[name]')].find((item) => item.getAttribute('name')?.toLowerCase() === name);
    return element === undefined ? null : kit.fold(element.getAttribute('content') ?? '', 500);
  }

  function readText(): PageText {
    // Pieces of one word touch, as in "<b>Buy</b>er"; links in a row do not, though no space is written between them.
    const joins = (a: DOMRect, b: DOMRect): boolean => Math.abs(a.bottom - b.bottom) < a.height / 2 && Math.min(Math.abs(b.left - a.right), Math.abs(a.left - b.right)) < 1.5;
    // Two more than the limit: text of the full length says that some was cut.
    const append = (text: string, piece: string): string => (text.length > TEXT_MAX + 2 ? text : text + (text.endsWith(' ') ? piece.trimStart() : piece));
    const range = document.createRange();
    let [full, firstScreen, characters, smallCharacters] = ['', '', 0, 0];
    let last: DOMRect | null = null;
    for (const { node, element } of kit.texts()) {
      if (kit.matches(element, 'script, style, noscript, template, textarea, select, option, svg *')) continue;
      if (element !== kit.body && !kit.isVisible(element) && kit.styleOf(element).display !== 'contents') continue;
      range.selectNodeContents(node);
      const boxes = range.getClientRects();
      const [box, end] = [boxes[0], boxes[boxes.length - 1]];
      if (box === undefined || end === undefined || box.width === 0) continue;
      const text = kit.fold(node.data, TEXT_MAX + 10);
      const gap = last === null || joins(last, box) && !/^\s/.test(node.data) ? '' : ' ';
      last = end;
      characters += text.length;
      if (parseFloat(kit.styleOf(element).fontSize) < 12) smallCharacters += text.length;
      const piece = gap + text + (/\s$/.test(node.data) ? ' ' : '');
      const inView = box.top < kit.height && box.bottom > 0 && box.left < kit.width && box.right > 0;
      full = append(full, piece);
      if (inView) firstScreen = append(firstScreen, piece);
    }
    return { full: kit.fold(full, TEXT_MAX), firstScreen: kit.fold(firstScreen, TEXT_MAX), characters, smallCharacters };
  }

  function readHeadings(): Heading[] {
    return kit.query('h1, h2, h3, h4, h5, h6, [role=heading]').slice(0, 100).map((element) => ({
      level: Number(element.getAttribute('aria-level') ?? /^h([1-6])$/.exec(element.localName)?.[1] ?? 2) || 2,
      text: kit.isVisible(element) ? kit.textOf(element, 160) : kit.fold(element.textContent ?? '', 160),
      visible: kit.isVisible(element),
      fontSize: Math.round(parseFloat(kit.styleOf(element).fontSize) * 10) / 10,
      box: kit.boxOf(element),
      element: kit.state.ids.get(element) ?? null,
    }));
  }

  /** Pictures that were fetched and could not be shown: a vector picture without a size decodes, a broken one does not. */
  async function brokenImages(): Promise<{ total: number; broken: BrokenImage[] }> {
    const images = kit.query('img').filter((image): image is HTMLImageElement => image instanceof HTMLImageElement);
    const suspects = images.filter((image) => image.complete && image.naturalWidth === 0
      && (image.getAttribute('src') || image.getAttribute('srcset') || image.currentSrc)
      && kit.styleOf(image).display !== 'none' && image.getAttribute('width') !== '1' && image.getAttribute('height') !== '1').slice(0, 50);
    const late = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 2_000));
    const broken = await Promise.all(suspects.map((image) => Promise.race([late, image.decode().then(() => false, () => true)])));
    return {
      total: images.length,
      broken: suspects.filter((_, index) => broken[index]).map((image) => ({
        selector: kit.selectorOf(image),
        src: kit.fold(image.currentSrc || image.src, 500),
        inFirstScreen: kit.inFirstScreen(image),
      })),
    };
  }

  const blocks = [...kit.root.querySelectorAll('script')].filter((script) => /^application\/ld\+json/i.test(script.getAttribute('type') ?? '')).map((script) => script.textContent ?? '');
  let room = JSON_LD_MAX;
  const fitting = blocks.slice(0, 50).filter((block) => (room -= block.length) >= 0);

  const canvasArea = kit.query('canvas').filter((canvas) => kit.inFirstScreen(canvas)).map((canvas) => {
    const { x, y, width, height } = kit.boxOf(canvas);
    return Math.max(0, Math.min(x + width, kit.width) - Math.max(x, 0)) * Math.max(0, Math.min(y + height, kit.height) - Math.max(y, 0));
  });
  const frames = kit.query('iframe').filter((frame) => kit.isVisible(frame) && kit.boxOf(frame).height > 20).map((frame) => {
    try {
      return new URL((frame as HTMLIFrameElement).src, location.href).host || 'this page';
    } catch {
      return 'an unknown place';
    }
  });

  return {
    title: kit.fold(kit.root.querySelector('head > title, title')?.textContent ?? '', 300),
    metaDescription: meta('description'),
    language: kit.fold(kit.root.getAttribute('lang') ?? '', 40).toLowerCase() || null,
    metaViewport: meta('viewport'),
    page: {
      width: Math.max(kit.root.scrollWidth, kit.width),
      height: Math.max(kit.root.scrollHeight, kit.height),
      clientWidth: kit.root.clientWidth,
    },
    headings: readHeadings(),
    text: readText(),
    jsonLd: { blocks: fitting, tooLong: blocks.length - fitting.length },
    images: await brokenImages(),
    frames: [...new Set(frames)].slice(0, 10).map((host) => kit.fold(host, 100)),
    canvasShare: canvasArea.reduce((sum, area) => sum + area, 0) / (kit.width * kit.height),
    elementsCut: kit.elements().length >= kit.elementsMax,
    crossesShadow: kit.crossesShadow(),
  };
}

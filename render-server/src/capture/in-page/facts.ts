import type { BrokenImage, Heading, PageText } from '../../evidence.ts';
import type { Kit } from '../world.ts';

/** What the page says of itself, besides its elements. */
export interface PageFacts {
  title: string;
  metaDescription: string | null;
  language: string | null;
  metaViewport: string | null;
  page: { width: number; height: number; clientWidth: number };
  screen: { width: number; height: number };
  headings: Heading[];
  text: PageText;
  /** Characters of text below the first screen that are transparent until a visitor scrolls there. */
  transparent: number;
  /** Texts of the JSON-LD blocks; one over the limit is left out and counted. */
  jsonLd: { blocks: string[]; tooLong: number };
  images: { total: number; broken: BrokenImage[] };
  /** Hosts of visible frames, which are not looked into. */
  frames: string[];
  /** Share of the first screen that canvases draw. */
  canvasShare: number;
  scrollsInside: boolean;
  elementsCut: boolean;
  crossesShadow: boolean;
}

/** Runs in the page, at scroll 0, after the elements were numbered. */
export async function readFacts(kit: Kit, { textMax }: { textMax: number }): Promise<PageFacts> {
  const JSON_LD_MAX = 200_000;

  function meta(name: string): string | null {
    const element = [...kit.root.querySelectorAll('meta[name]')].find((item) => item.getAttribute('name')?.toLowerCase() === name);
    return element === undefined ? null : kit.fold(element.getAttribute('content') ?? '', 500);
  }

  function readText(): PageText & { transparent: number } {
    // Two more than the limit: text of the full length says that some was cut.
    const append = (text: string, piece: string): string => (text.length > textMax + 2 ? text : text + (text.endsWith(' ') ? piece.trimStart() : piece));
    const read = kit.reader();
    let [full, firstScreen, characters, smallCharacters, transparent] = ['', '', 0, 0, 0];
    for (const { node, element } of kit.texts(kit.body)) {
      if (!kit.isShown(element)) {
        if (waits(element)) transparent += node.data.trim().length;
        continue;
      }
      const piece = read(node);
      if (piece === null) continue;
      const length = piece.text.trim().length;
      characters += length;
      if (parseFloat(kit.styleOf(element).fontSize) < 12) smallCharacters += length;
      full = append(full, piece.text);
      const { box } = piece;
      if (box.top < kit.height && box.bottom > 0 && box.left < kit.width && box.right > 0) firstScreen = append(firstScreen, piece.text);
    }
    return { full: kit.fold(full, textMax), firstScreen: kit.fold(firstScreen, textMax), characters, smallCharacters, transparent };
  }

  /** Transparent below the first screen, as text is that fades in when a visitor comes to it. */
  function waits(element: Element): boolean {
    const box = kit.rectOf(element);
    return box.top >= kit.height && box.width > 1 && box.height > 1
      && element.checkVisibility() && !element.checkVisibility({ opacityProperty: true });
  }

  /** A box that fills most of the screen and scrolls by itself: what is further down in it is on no picture. */
  function scrollsInside(): boolean {
    return kit.root.scrollHeight <= 1.2 * kit.height && kit.elements().some((element) => element.scrollHeight > element.clientHeight + 50
      && element.clientHeight >= 0.7 * kit.height && element.clientWidth >= 0.7 * kit.width && /auto|scroll/.test(kit.styleOf(element).overflowY));
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

  const { transparent, ...text } = readText();
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
    screen: { width: kit.width, height: kit.height },
    headings: readHeadings(),
    text,
    transparent,
    jsonLd: { blocks: fitting, tooLong: blocks.length - fitting.length },
    images: await brokenImages(),
    frames: [...new Set(frames)].slice(0, 10).map((host) => kit.fold(host, 100)),
    canvasShare: canvasArea.reduce((sum, area) => sum + area, 0) / (kit.width * kit.height),
    scrollsInside: scrollsInside(),
    elementsCut: kit.elements().length >= kit.elementsMax,
    crossesShadow: kit.crossesShadow(),
  };
}

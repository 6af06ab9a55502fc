import type { Kit } from '../world.ts';

/** How much of a page there is: it tells whether the page changed between two looks. */
export interface Outline {
  height: number;
  elements: number;
  characters: number;
}

/** Runs in the page. */
export function outline(kit: Kit): Outline {
  return { height: kit.root.scrollHeight, elements: kit.root.getElementsByTagName('*').length, characters: (kit.root.textContent ?? '').length };
}

/** What tells whether a page is done. */
export interface Look extends Outline {
  /** The document and all that it needs have been read. */
  loaded: boolean;
  /** Fonts, or pictures in the first screen, are still on their way. */
  fetching: boolean;
  /** Something was drawn. */
  painted: boolean;
  /** Scripts may still change it. */
  scripted: boolean;
  /** Characters that a visitor can see, counted up to 200. */
  visible: number;
  /** A visitor can see something to press or fill in. */
  usable: boolean;
  /** It says that it is loading, by words or by something that turns. */
  loading: boolean;
  /** Seconds from load until it sends the visitor elsewhere by itself. */
  leavesAfter: number | null;
  /** It is the browser's message about XML that cannot be parsed. */
  isXmlError: boolean;
}

/** Runs in the page. A closer look at a document that still grows would lay it out anew each time. */
export function isBeingRead(): boolean {
  return document.readyState === 'loading';
}

/**
 * Runs in the page. Looks at a part that does not grow with the page;
 * nothing is remembered, since all of it may change.
 */
export function look(kit: Kit): Look {
  const ENOUGH = 200;
  const LOADING = /^(?:(?:now |still )?loading|please wait|one moment|just a (?:moment|second)|redirecting|you are being redirected|wird geladen|lade[nt]?(?!\p{L})|(?:einen )?moment,? bitte|bitte warten|weiterleitung|chargement|veuillez patienter|redirection|cargando|espere|por favor,? espere|caricamento|attendere|carregando|aguarde|even geduld|bezig met laden|ładowanie|読み込み中|ロード中|加载中|正在加载)/iu;
  const TURNING = /(?:^|[\s_-])(?:spinner|loader|preloader|loading|skeleton|shimmer|placeholder)(?:$|[\s_-])/i;

  function isSeen(element: Element): boolean {
    const box = element.getBoundingClientRect();
    return box.width > 1 && box.height > 1 && element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  }
  function isInView(element: Element): boolean {
    const box = element.getBoundingClientRect();
    return box.top < kit.height && box.bottom > 0 && box.left < kit.width && box.right > 0;
  }

  let [visible, saysLoading] = [0, false];
  const walker = document.createTreeWalker(kit.root, NodeFilter.SHOW_TEXT);
  for (let count = 0; count < 2_000 && visible < ENOUGH && walker.nextNode(); count += 1) {
    const text = (walker.currentNode as Text).data.slice(0, 2_000).trim();
    const parent = walker.currentNode.parentElement;
    if (text === '' || parent === null || kit.matches(parent, 'head *, script, style, noscript, template, textarea, option') || !isSeen(parent)) continue;
    visible += text.length;
    saysLoading ||= text.length <= 60 && LOADING.test(text) && isInView(parent);
  }

  // A spinner that stands still, or a class of that name on content, says nothing.
  const turns = document.getAnimations().slice(0, 200).some(({ effect, playState }) => {
    const target = effect instanceof KeyframeEffect ? effect.target : null;
    if (target === null || playState !== 'running' || effect?.getComputedTiming().iterations !== Infinity) return false;
    const marks = [target, target.parentElement].map((element) => `${element?.getAttribute('class') ?? ''} ${element?.getAttribute('id') ?? ''}`).join(' ');
    return TURNING.test(marks) && isSeen(target) && isInView(target);
  });
  const busy = [...kit.root.querySelectorAll('[aria-busy=true], [role=progressbar]:not([aria-valuenow])')].slice(0, 20).some((element) => isSeen(element) && isInView(element));

  const refresh = [...kit.root.querySelectorAll('meta[http-equiv=refresh i]')].flatMap((meta) => /^\s*(\d+)[\d.]*\s*[;,]\s*(?:url\s*=\s*)?["']?([^"']+)/i.exec(meta.getAttribute('content') ?? '') ?? []);
  const [, seconds, target = ''] = refresh;
  const leaves = seconds !== undefined && URL.canParse(target, document.baseURI) && new URL(target, document.baseURI).href !== location.href;

  const pictures = [...kit.root.querySelectorAll('img')].slice(0, 500).filter((image) => !image.complete && image.getBoundingClientRect().width > 0 && isInView(image));
  const scripts = [...kit.root.querySelectorAll('script')].filter((script) => /^$|^module$|javascript|ecmascript/i.test(script.getAttribute('type') ?? ''));
  return {
    height: kit.root.scrollHeight,
    elements: kit.root.getElementsByTagName('*').length,
    characters: (kit.root.textContent ?? '').length,
    loaded: document.readyState === 'complete',
    fetching: document.fonts.status !== 'loaded' || pictures.length > 0,
    painted: performance.getEntriesByType('paint').length > 0,
    scripted: scripts.length > 0 || kit.root.querySelector('body[onload]') !== null,
    visible: Math.min(visible, ENOUGH),
    usable: [...kit.root.querySelectorAll('a[href], button, input, select, textarea, summary, iframe, [role=button]')].slice(0, 200).some(isSeen),
    loading: saysLoading || turns || busy,
    leavesAfter: leaves ? Number(seconds) : null,
    isXmlError: document.contentType !== 'text/html' && kit.root.querySelector('parsererror') !== null,
  };
}

/** Runs in the page. Whether there is anything on it at all: words, a picture, a control, a coloured box, a component that cannot be looked into. */
export function showsAnything(kit: Kit): boolean {
  const painted = [kit.root, kit.body].some((element) => /url|gradient/.test(kit.styleOf(element).backgroundImage));
  return painted || kit.elements().some((element) => kit.isVisible(element)
    && (kit.paints(element) || element.localName.includes('-') || kit.matches(element, 'img, svg, canvas, video, iframe, frame, object, embed, input, button, select, textarea, hr')
      || kit.textNodesOf(element).some((node) => node.data.trim() !== '')));
}

/** Runs in the page. Goes to a screen, counted from the top, so that what loads on sight loads. How far down its lower edge is, in pixels. */
export function scrollToScreen(kit: Kit, screen: number): number {
  window.scrollTo({ top: screen * kit.height, left: 0, behavior: 'instant' });
  return (screen + 1) * kit.height;
}

/** Runs in the page. Gives up style sheets that are still on their way, since nothing is drawn before they are there. How many. */
export function leaveStyleSheetsOut(kit: Kit): number {
  const waiting = [...kit.root.querySelectorAll('link')].filter((link) => link.relList.contains('stylesheet') && link.sheet === null && !link.disabled);
  for (const link of waiting) link.disabled = true;
  return waiting.length;
}

/** Runs in the page. Ends what moves, so that pictures and measurements show the same page, and hides the caret. */
export function freeze(): void {
  for (const animation of document.getAnimations().slice(0, 1_000)) {
    try {
      if (Number.isFinite(animation.effect?.getComputedTiming().endTime)) animation.finish();
      else animation.pause();
    } catch {
      // An animation without an end of its own cannot be finished; it stays where it is.
      animation.cancel();
    }
  }
  const focused = document.activeElement;
  if (focused instanceof HTMLElement) focused.style.caretColor = 'transparent';
}

import type { Kit } from '../world.ts';

/** Runs in the page. Scrolls down screen by screen, so that what loads on sight loads, and back to the top. */
export async function scrollThrough(kit: Kit, { screens, budgetMs }: { screens: number; budgetMs: number }): Promise<void> {
  const end = performance.now() + budgetMs;
  const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
  for (let screen = 1; screen <= screens && performance.now() < end; screen += 1) {
    if (screen * kit.height >= kit.root.scrollHeight) break;
    scrollTo({ top: screen * kit.height, behavior: 'instant' });
    await pause(60);
  }
  if (scrollX === 0 && scrollY === 0) return;
  scrollTo({ top: 0, left: 0, behavior: 'instant' });
  await pause(60);
}

/** How much of a page there is: it tells whether the page changed between two looks. */
export interface Outline {
  height: number;
  elements: number;
  characters: number;
}

/** Runs in the page. */
export function outline(kit: Kit): Outline {
  return { height: kit.root.scrollHeight, elements: kit.root.getElementsByTagName('*').length, characters: (kit.body.textContent ?? '').length };
}

/** Runs in the page. Waits until size, number of elements, fonts and pictures in view hold still; false when they do not in time. */
export async function holdStill(kit: Kit, { budgetMs }: { budgetMs: number }): Promise<boolean> {
  const end = performance.now() + budgetMs;
  const look = (): string => {
    const pictures = [...kit.body.querySelectorAll('img')].slice(0, 500).filter((image) => {
      const box = image.getBoundingClientRect();
      return !image.complete && box.top < kit.height && box.bottom > 0 && box.width > 0;
    });
    return `${kit.root.scrollHeight} ${kit.root.getElementsByTagName('*').length} ${document.fonts.status} ${pictures.length}`;
  };
  let before = '';
  while (performance.now() < end) {
    const now = look();
    if (now === before && now.endsWith(' loaded 0')) return true;
    before = now;
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
  return false;
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

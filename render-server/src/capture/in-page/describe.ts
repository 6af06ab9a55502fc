import type { PageElement } from '../../evidence.ts';
import type { Kit } from '../world.ts';

/** What is measured of the elements that are listed alone. */
type Description = Pick<PageElement, 'selector' | 'covered' | 'style'>;

/** Runs in the page, at scroll 0. Numbers the chosen candidates and describes them, in the order given. */
export function describe(kit: Kit, chosen: { index: number; id: string }[]): Description[] {
  /** Its own content, an ancestor (which cannot lie on top), or a label and its field: not something in the way. */
  function belongs(hit: Element | null, element: Element): boolean {
    if (hit === null || kit.holds(element, hit) || kit.holds(hit, element)) return true;
    const label = kit.closest(hit, 'label');
    return label instanceof HTMLLabelElement && label.control === element;
  }

  function coveredOf(element: Element): number | null {
    if (!kit.inFirstScreen(element)) return null;
    const box = kit.rectOf(element);
    const left = Math.max(box.left, 0);
    const top = Math.max(box.top, 0);
    const [wide, high] = [Math.min(box.right, kit.width) - left, Math.min(box.bottom, kit.height) - top];
    const points = [[0.5, 0.5], [0.1, 0.1], [0.9, 0.1], [0.1, 0.9], [0.9, 0.9]] as const;
    return points.filter(([x, y]) => !belongs(kit.hit(left + x * wide, top + y * high), element)).length / points.length;
  }

  return chosen.flatMap(({ index, id }) => {
    const element = kit.state.candidates[index];
    if (element === undefined) return [];
    kit.state.ids.set(element, id);
    const holder = kit.wordsOf(element);
    const style = kit.styleOf(holder);
    return [{
      selector: kit.selectorOf(element),
      covered: coveredOf(element),
      style: {
        color: kit.colourOf(style.color),
        background: kit.backgroundOf(holder),
        fontSize: Math.round(parseFloat(style.fontSize) * 10) / 10,
        fontWeight: Number(style.fontWeight) || 400,
      },
    }];
  });
}

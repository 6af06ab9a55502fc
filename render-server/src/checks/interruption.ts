/** What lies over the content when the page has settled. */
import type { Box } from '@cro-analyzer/protocol/messages';
import type { Evidence, Overlay, View } from '../evidence.ts';
import { isKnownLanguage } from '../words.ts';
import { fail, pass, perDevice, unknown, warn, type Measured, type Rule } from './rule.ts';

/** Smaller things than this share of the viewport need no close control of their own, unless they are dialogs. */
const NOTICEABLE = 0.1;
const CLOSE_SIZE = 24;

const coverage = perDevice({
  id: 'overlay.coverage',
  title: 'Overlays leave the page in view',
  category: 'interruption',
  threshold: 'up to 15% of the viewport, never over 30%',
  method: 'joint area of fixed, sticky and dialog elements above the content, as found when the page had settled; the page\'s own header left out',
  source: 'Google intrusive-interstitial guidance has no number; 30% borrows the Better Ads mobile density limit',
}, (view) => {
  const over = view.overlays.filter((overlay) => !overlay.inPlace);
  const share = jointArea(over.map((overlay) => overlay.box), view.screen) / (view.screen.width * view.screen.height);
  const value = `${percent(share)} of the viewport is covered${by(over)}`;
  return graded(share > 0.3 ? 'fail' : share > 0.15 ? 'warn' : 'pass', value, view, over);
});

const blocking = perDevice({
  id: 'overlay.blocking',
  title: 'The page can be used beneath overlays',
  category: 'interruption',
  threshold: 'at most 50% of the points',
  method: 'hit test on a 10 x 10 grid of the viewport',
  source: 'heuristic',
}, (view) => {
  const share = Math.min(1, view.overlays.reduce((sum, overlay) => sum + overlay.blocked, 0));
  return graded(share > 0.5 ? 'fail' : 'pass', `${percent(share)} of the points hit an overlay${by(view.overlays)}`, view, view.overlays);
});

const close = perDevice({
  id: 'overlay.close',
  title: 'Overlays can be closed',
  category: 'interruption',
  threshold: `a close control of at least ${CLOSE_SIZE} x ${CLOSE_SIZE} px in the viewport`,
  method: 'close, dismiss or reject controls of dialogs and of overlays over a tenth of the viewport; bars and chat launchers left out',
  source: 'heuristic',
}, (view, evidence) => {
  const closable = view.overlays.filter((overlay) => overlay.kind === 'dialog' || (['other', 'cookie'].includes(overlay.kind) && overlay.coverage >= NOTICEABLE));
  if (closable.length === 0) return unknown('no dialog or large overlay');
  const stuck = closable.filter((overlay) => overlay.close === null);
  const [shut] = stuck.filter((overlay) => hiddenWayOut(overlay, evidence) === null);
  if (shut !== undefined) return fail(`no close control on "${shut.text}"`, elementsIn(view, stuck));
  const awkward = closable.filter((overlay) => overlay.close !== null
    && (Math.min(overlay.close.box.width, overlay.close.box.height) < CLOSE_SIZE || !isInScreen(overlay.close.box, view.screen)));
  const [first] = awkward;
  if (first?.close) {
    const { width, height } = first.close.box;
    return fail(`the close control of "${first.text}" is ${Math.round(width)} x ${Math.round(height)} px or out of view`, elementsIn(view, awkward));
  }
  const [unread] = stuck;
  if (unread !== undefined) return unknown(`no close control was found on "${unread.text}", but ${hiddenWayOut(unread, evidence)}`, elementsIn(view, stuck));
  return pass(`closed with "${closable[0]?.close?.name}"`, elementsIn(view, closable));
});

function graded(status: Measured['status'], value: string, view: View, overlays: Overlay[]): Measured {
  const measured = { fail, warn, pass, unknown }[status];
  return measured(value, elementsIn(view, overlays));
}

/** Why a way out may be there though none was found; null where every control could be read. */
function hiddenWayOut({ controls, frames }: Overlay, { language }: Evidence): string | null {
  if (frames) return 'it holds a frame that was not read';
  if (controls.length === 0 || controls.includes('')) return 'it has controls without a name, or none that was recognised';
  return isKnownLanguage(language) ? null : 'its words are not known';
}

function by(overlays: Overlay[]): string {
  const [largest] = overlays.toSorted((a, b) => b.coverage - a.coverage);
  return largest === undefined || largest.text === '' ? '' : `, most of all "${largest.text}"`;
}

/** Listed elements inside the overlays: they show a reader which one is meant. */
function elementsIn(view: View, overlays: Overlay[]): string[] {
  return view.elements
    .filter((element) => element.visible && element.landmark === 'overlay' && overlays.some((overlay) => encloses(overlay.box, element.box)))
    .map((element) => element.id);
}

function encloses(outer: Box, inner: Box): boolean {
  const x = inner.x + inner.width / 2;
  const y = inner.y + inner.height / 2;
  return x >= outer.x && x <= outer.x + outer.width && y >= outer.y && y <= outer.y + outer.height;
}

function isInScreen(box: Box, screen: View['screen']): boolean {
  return box.x >= 0 && box.y >= 0 && box.x + box.width <= screen.width && box.y + box.height <= screen.height;
}

/** Area of the first screen that the boxes cover together, each point counted once. */
function jointArea(boxes: Box[], screen: View['screen']): number {
  const clipped = boxes.map((box) => ({
    left: Math.max(0, box.x),
    top: Math.max(0, box.y),
    right: Math.min(screen.width, box.x + box.width),
    bottom: Math.min(screen.height, box.y + box.height),
  }));
  const edges = (values: number[]): number[] => [...new Set(values)].sort((a, b) => a - b);
  const xs = edges(clipped.flatMap((box) => [box.left, box.right]));
  const ys = edges(clipped.flatMap((box) => [box.top, box.bottom]));
  let area = 0;
  for (const [column, left] of xs.slice(0, -1).entries()) {
    for (const [row, top] of ys.slice(0, -1).entries()) {
      const right = xs[column + 1] ?? left;
      const bottom = ys[row + 1] ?? top;
      if (clipped.some((box) => box.left <= left && box.right >= right && box.top <= top && box.bottom >= bottom)) {
        area += (right - left) * (bottom - top);
      }
    }
  }
  return area;
}

function percent(share: number): string {
  return `${Math.round(share * 100)}%`;
}

export const interruption: Rule[] = [coverage, blocking, close];

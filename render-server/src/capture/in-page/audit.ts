import type axeCore from 'axe-core';
import type { AxeViolation } from '../../evidence.ts';
import type { Kit } from '../world.ts';

/** What the rules found, which of them ran to an end, and on how much of the page. */
interface Audited {
  violations: AxeViolation[];
  ran: string[];
  scope: 'all' | 'listed' | 'none';
}

/**
 * Runs in the page, in the world that axe-core was loaded into. Its time grows faster than the page: 12,600 elements
 * take it 4 to 8 s, of which the listed ones take 1 s.
 */
export async function audit(kit: Kit, { rules }: { rules: string[] }): Promise<Audited> {
  const ALL_MAX = 5_000;
  const count = kit.elements().length;
  if (count >= kit.elementsMax) return { violations: [], ran: [], scope: 'none' };
  const scope = count > ALL_MAX ? 'listed' : 'all';

  /** Id of what axe points at, or of the button or link that it is the inside of. */
  function idOf(element: Element): string | null {
    const control = kit.closest(element, 'a[href], button, [role=button]');
    return kit.state.ids.get(element) ?? (control === null ? null : kit.state.ids.get(control) ?? null);
  }

  const axe = Reflect.get(globalThis, 'axe') as typeof axeCore;
  const results = await axe.run(scope === 'all' ? kit.root : { include: [...kit.state.ids.keys()] }, {
    runOnly: { type: 'rule', values: rules },
    resultTypes: ['violations'],
    elementRef: true,
    iframes: false,
  });
  const violations = results.violations.map((violation) => ({
    rule: violation.id,
    impact: violation.impact ?? 'moderate',
    help: kit.fold(violation.help, 200),
    nodes: violation.nodes.slice(0, 50).map((node) => ({
      selector: node.element ? kit.selectorOf(node.element) : kit.fold(node.target.flat().join(' '), 300),
      element: node.element ? idOf(node.element) : null,
      summary: kit.fold(node.failureSummary ?? '', 300),
    })),
  }));
  // A part of the page can show that a rule is broken, never that it is kept.
  const ran = scope === 'all' ? [...results.passes, ...results.violations, ...results.inapplicable] : results.violations;
  return { violations, ran: ran.map((result) => result.id), scope };
}

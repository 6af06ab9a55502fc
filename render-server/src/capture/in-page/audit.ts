import type axeCore from 'axe-core';
import type { AxeViolation } from '../../evidence.ts';
import type { Kit } from '../world.ts';

/** Runs in the page, in the world that axe-core was loaded into. */
export async function audit(kit: Kit, { rules }: { rules: string[] }): Promise<{ violations: AxeViolation[]; ran: string[] }> {
  /** Id of what axe points at, or of the button or link that it is the inside of. */
  function idOf(element: Element): string | null {
    const control = kit.closest(element, 'a[href], button, [role=button]');
    return kit.state.ids.get(element) ?? (control === null ? null : kit.state.ids.get(control) ?? null);
  }

  const axe = Reflect.get(globalThis, 'axe') as typeof axeCore;
  const results = await axe.run(kit.root, {
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
  return { violations, ran: [...results.passes, ...results.violations, ...results.inapplicable].map((result) => result.id) };
}

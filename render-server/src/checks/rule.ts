import type { Category, Check, CheckStatus, Device, Goal } from '@cro-analyzer/protocol/messages';
import type { Evidence, View } from '../evidence.ts';

/** What a rule measures and by which yardstick: everything of a check that does not depend on the page. */
export interface RuleSpec {
  id: string;
  title: string;
  category: Category;
  threshold: string;
  method: string;
  /** The standard or study behind the threshold, or `heuristic`. */
  source: string;
}

/** What one measurement gave. */
export interface Measured {
  status: CheckStatus;
  value: string;
  elements: string[];
}

/** Measures one thing: gives one check for the page, or one for each device. `goal` is what visitors should do there. */
export type Rule = (evidence: Evidence, goal: Goal) => Check[];

/** Elements that a check cites at most: enough to show a pattern. */
const CITED_MAX = 8;

/** A rule measured apart on each device, or on the one named in `only`: `unknown` when that device was not looked at. */
export function perDevice(spec: RuleSpec, measure: (view: View, evidence: Evidence, goal: Goal) => Measured, only?: Device): Rule {
  return (evidence, goal) => {
    const views = evidence.views.filter((view) => only === undefined || view.device === only);
    if (views.length === 0 && only !== undefined) return [checkOf(spec, only, unknown(`not looked at on ${only}`))];
    return views.map((view) => checkOf(spec, view.device, measure(view, evidence, goal)));
  };
}

/** A rule that holds for the page as a whole. */
export function perPage(spec: RuleSpec, measure: (evidence: Evidence) => Measured): Rule {
  return (evidence) => [checkOf(spec, null, measure(evidence))];
}

function checkOf(spec: RuleSpec, device: Device | null, measured: Measured): Check {
  return { ...spec, device, ...measured, elements: [...new Set(measured.elements)].slice(0, CITED_MAX) };
}

type Cited = readonly ({ id: string } | string | null)[];

function measuredAs(status: CheckStatus) {
  return (value: string, cited: Cited = []): Measured => ({
    status,
    value,
    elements: cited.flatMap((item) => (item === null ? [] : [typeof item === 'string' ? item : item.id])),
  });
}

export const pass = measuredAs('pass');
export const warn = measuredAs('warn');
export const fail = measuredAs('fail');
/** Not measured or not measurable: says why, and never that a thing is absent. */
export const unknown = measuredAs('unknown');

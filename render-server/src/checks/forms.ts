/** Forms and their fields. */
import type { Form, FormField, View } from '../evidence.ts';
import { fail, pass, perDevice, unknown, warn, type Rule, type RuleSpec } from './rule.ts';

const NO_FIELDS = 'no form field on the page';
/** Most fields before a warning, by what the form is for. */
const FIELD_LIMITS: Partial<Record<Form['purpose'], number>> = { lead: 5, newsletter: 5, checkout: 8 };
/** Types that a visitor does not fill in, or that name themselves. */
const NOT_FILLED_IN = new Set(['hidden', 'submit', 'button', 'reset', 'image']);

const fields = perDevice({
  id: 'form.fields',
  title: 'Forms ask for little',
  category: 'forms',
  threshold: 'at most 5 fields on a lead form, 8 on a checkout step',
  method: 'visible fields of each form, a group of options counted once, boxes to tick left out',
  source: 'heuristic; Baymard: about 8 fields are enough for most checkouts',
}, (view) => {
  const measured = view.forms.filter((form) => form.visible).flatMap((form) => {
    const limit = FIELD_LIMITS[form.purpose];
    const filled = questionsOf(form);
    return limit === undefined || filled.length === 0 ? [] : [{ form, limit, filled }];
  });
  const [longest] = measured.toSorted((a, b) => b.filled.length - b.limit - (a.filled.length - a.limit));
  if (longest === undefined) return unknown('no lead, newsletter or checkout form on the page');
  const { form, limit, filled } = longest;
  const value = `${filled.length} fields on the ${form.purpose} form, ${filled.filter((field) => field.required).length} of them required`;
  return filled.length > limit ? warn(value, ids(filled)) : pass(value, ids(filled));
});

const labels = perDevice({
  id: 'form.labels',
  title: 'Every field has a label',
  category: 'forms',
  threshold: 'none without',
  method: 'axe rules label and select-name',
  source: 'SC 1.3.1/4.1.2/3.3.2',
}, (view) => {
  const all = fieldsOf(view);
  if (all.length === 0) return unknown(NO_FIELDS);
  if (!view.axeRan.includes('label')) return unknown('axe did not finish its rule label');
  const nodes = view.axe.filter((violation) => ['label', 'select-name'].includes(violation.rule)).flatMap((violation) => violation.nodes);
  if (nodes.length === 0) return pass(`all ${all.length} fields`, ids(all));
  const named = all.filter((field) => nodes.some((node) => isAbout(node, field)));
  return fail(`${nodes.length} of ${all.length} fields without a label${listed(named)}`, nodes.map((node) => node.element));
});

const placeholderOnly = fieldRule({
  id: 'form.placeholderOnly',
  title: 'Labels stay when a field is filled in',
  category: 'forms',
  threshold: 'none with a placeholder and no visible label',
  method: 'visible label text of fields with a placeholder; search fields left out',
  source: 'SC 3.3.2',
}, (field) => field.asks !== 'search' && field.type !== 'search' && field.placeholder !== '', (field) => field.label !== '', 'with nothing but a placeholder');

const autocomplete = fieldRule({
  id: 'form.autocomplete',
  title: 'The browser can fill the form in',
  category: 'forms',
  threshold: 'every field for personal data has a valid autocomplete token',
  method: 'autocomplete attribute of fields for name, e-mail, phone, address and card; axe rule autocomplete-valid',
  source: 'SC 1.3.5; Lighthouse autocomplete',
}, (field) => field.asks !== null && ['email', 'phone', 'name', 'address', 'postcode', 'card'].includes(field.asks),
(field, view) => !['', 'off', 'false'].includes(field.autocomplete.trim().toLowerCase()) && !isInvalidAutocomplete(field, view),
'without an autocomplete token');

/** Keyboards that fit what a field asks for: input types and input modes. */
const KEYBOARDS: Partial<Record<NonNullable<FormField['asks']>, readonly string[]>> = {
  email: ['email'],
  phone: ['tel', 'numeric'],
  card: ['tel', 'numeric', 'number'],
};

const inputType = fieldRule({
  id: 'form.inputType',
  title: 'Fields bring up the fitting keyboard',
  category: 'forms',
  threshold: 'e-mail, phone and card fields have a fitting type or inputmode',
  method: 'type and inputmode of fields against what they ask for',
  source: 'heuristic',
}, (field) => field.asks !== null && field.asks in KEYBOARDS && field.tag === 'input', (field) => {
  const fitting = field.asks === null ? [] : KEYBOARDS[field.asks] ?? [];
  return fitting.includes(field.type) || fitting.includes(field.inputMode);
}, 'with the plain keyboard of letters');

/** A rule that warns about the fields concerned that do not hold. */
function fieldRule(
  spec: RuleSpec,
  concerns: (field: FormField) => boolean,
  holds: (field: FormField, view: View) => boolean,
  fault: string,
): Rule {
  return perDevice(spec, (view) => {
    const concerned = fieldsOf(view).filter(concerns);
    if (concerned.length === 0) return unknown('no such field on the page');
    const faulty = concerned.filter((field) => !holds(field, view));
    if (faulty.length === 0) return pass(`all ${concerned.length} such fields`, ids(concerned));
    return warn(`${faulty.length} of ${concerned.length} fields ${fault}${listed(faulty)}`, ids(faulty));
  });
}

function isInvalidAutocomplete(field: FormField, view: View): boolean {
  return view.axe.some((violation) => violation.rule === 'autocomplete-valid'
    && violation.nodes.some((node) => isAbout(node, field)));
}

function isAbout(node: View['axe'][number]['nodes'][number], field: FormField): boolean {
  return node.selector === field.selector || (node.element !== null && node.element === field.element);
}

function fieldsOf(view: View): FormField[] {
  return view.forms.flatMap(filledIn);
}

function filledIn(form: Form): FormField[] {
  return form.fields.filter((field) => field.visible && !NOT_FILLED_IN.has(field.type));
}

/** What is filled in, with a group of options as one question. A box is ticked, not filled in. */
function questionsOf(form: Form): FormField[] {
  const fields = filledIn(form).filter((field) => field.type !== 'checkbox');
  return fields.filter((field, index) => field.type !== 'radio' || fields.findIndex((other) => other.type === 'radio' && other.name === field.name) === index);
}

function nameOf(field: FormField): string {
  return field.label || field.placeholder || field.name || field.type;
}

function listed(list: FormField[]): string {
  return list.length === 0 ? '' : `: ${list.slice(0, 4).map(nameOf).join(', ')}`;
}

function ids(list: FormField[]): (string | null)[] {
  return list.map((field) => field.element);
}

export const forms: Rule[] = [fields, labels, placeholderOnly, autocomplete, inputType];

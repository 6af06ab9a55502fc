import type { Form, FormField } from '../../evidence.ts';
import type { Kit } from '../world.ts';

/** A form before it is known what it is for. */
export interface FormFacts extends Omit<Form, 'purpose' | 'fields'> {
  role: string;
  /** Text of its buttons and its own, 400 characters at most. */
  words: string;
  fields: Omit<FormField, 'asks'>[];
}

/** Runs in the page, after the elements were numbered. 30 forms of 60 fields at most. */
export function readForms(kit: Kit): FormFacts[] {
  // A field named "action" or "id" hides the form's own member of that name: attributes and prototypes only.
  function actionOf(form: Element): string {
    try {
      return kit.fold(new URL(form.getAttribute('action') ?? '', document.baseURI).href, 500);
    } catch {
      return '';
    }
  }

  function fieldOf(field: Element): Omit<FormField, 'asks'> {
    const get = (name: string, max = 100): string => kit.fold(field.getAttribute(name) ?? '', max);
    return {
      element: kit.state.ids.get(field) ?? null,
      selector: kit.selectorOf(field),
      tag: field.localName,
      type: field instanceof HTMLInputElement ? field.type : field.localName,
      name: get('name') || get('id'),
      label: kit.labelsOf(field, true) || kit.labelledBy(field),
      placeholder: get('placeholder'),
      autocomplete: get('autocomplete'),
      inputMode: get('inputmode'),
      required: field.hasAttribute('required') || field.getAttribute('aria-required') === 'true',
      visible: kit.isVisible(field),
    };
  }

  const fields = kit.query('input, select, textarea').filter((field) => !kit.matches(field, '[type=hidden], [type=submit], [type=button], [type=image], [type=reset]'));
  return kit.query('form').slice(0, 30).map((form) => {
    const buttons = [...Element.prototype.querySelectorAll.call(form, 'button, input[type=submit], input[type=image], [role=button]')].slice(0, 10);
    const own = fields.filter((field) => Reflect.get(field, 'form') === form).slice(0, 60).map(fieldOf);
    return {
      selector: kit.selectorOf(form),
      action: actionOf(form),
      visible: kit.isVisible(form) && own.some((field) => field.visible) || buttons.some((button) => kit.isVisible(button)),
      box: kit.boxOf(form),
      role: kit.roleOf(form),
      words: kit.fold(`${buttons.map((button) => kit.nameOf(button)).join(' ')} ${form.getAttribute('id') ?? ''} ${form.getAttribute('class') ?? ''} ${kit.passageOf(form, 300)}`, 400),
      fields: own,
    };
  });
}

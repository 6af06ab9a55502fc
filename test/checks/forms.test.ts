import { describe, expect, test } from 'vitest';
import type { Form, FormField, View } from '../../render-server/src/evidence.ts';
import { measure } from '../support/measure.ts';
import { fieldOf, formOf, pageWith } from '../support/page-parts.ts';

const withFields = (fields: Partial<FormField>[], purpose: Form['purpose'] = 'lead', view: Partial<View> = {}) =>
  pageWith({ forms: [formOf(fields.map((field, index) => fieldOf({ element: `d${index + 1}`, selector: `#f${index + 1}`, ...field })), purpose)], ...view });
const many = (number: number) => Array.from({ length: number }, () => ({}));

describe('form.fields', () => {
  test('passes for a lead form of five fields, hidden ones and buttons not counted', () => {
    expect(measure('form.fields', withFields([...many(5), { type: 'hidden' }, { type: 'submit' }, { visible: false }])).status).toBe('pass');
  });
  test('warns for a lead form of six and a checkout of nine', () => {
    expect(measure('form.fields', withFields(many(6)))).toMatchObject({ status: 'warn', value: '6 fields on the lead form, 0 of them required' });
    expect(measure('form.fields', withFields(many(8), 'checkout')).status).toBe('pass');
    expect(measure('form.fields', withFields(many(9), 'checkout')).status).toBe('warn');
  });
  test('counts a group of options once and boxes to tick not at all', () => {
    const options = Array.from({ length: 4 }, () => ({ type: 'radio', name: 'size' }));
    expect(measure('form.fields', withFields([...many(4), ...options, { type: 'checkbox' }]))).toMatchObject({ status: 'pass', value: expect.stringMatching(/^5 fields/) });
  });
  test('is unknown for forms without a known measure', () => {
    expect(measure('form.fields', withFields(many(9), 'search')).status).toBe('unknown');
    expect(measure('form.fields', pageWith({})).status).toBe('unknown');
  });
});

describe('form.labels', () => {
  const axe: View['axe'] = [{ rule: 'label', impact: 'critical', help: '', nodes: [{ selector: '#f1', element: 'd1', summary: '' }] }];
  test('passes when axe finds nothing', () => {
    expect(measure('form.labels', withFields([{}])).status).toBe('pass');
  });
  test('fails for what axe finds and cites it', () => {
    expect(measure('form.labels', withFields([{}, {}], 'lead', { axe }))).toMatchObject({ status: 'fail', elements: ['d1'], value: '1 of 2 fields without a label: Field' });
  });
  test('is unknown when axe did not run, or without fields', () => {
    expect(measure('form.labels', withFields([{}], 'lead', { axeRan: [] })).status).toBe('unknown');
    expect(measure('form.labels', pageWith({})).status).toBe('unknown');
  });
});

describe('form.placeholderOnly', () => {
  test('passes for a placeholder beside a label', () => {
    expect(measure('form.placeholderOnly', withFields([{ placeholder: 'jo@example.com', label: 'E-mail' }])).status).toBe('pass');
  });
  test('warns for a placeholder instead of a label', () => {
    expect(measure('form.placeholderOnly', withFields([{ placeholder: 'E-mail', label: '' }]))).toMatchObject({ status: 'warn', elements: ['d1'] });
  });
  test('is unknown without placeholders, and leaves search boxes alone', () => {
    expect(measure('form.placeholderOnly', withFields([{ label: '' }])).status).toBe('unknown');
    expect(measure('form.placeholderOnly', withFields([{ type: 'search', placeholder: 'Search', label: '' }])).status).toBe('unknown');
  });
});

describe('form.autocomplete', () => {
  test('passes for a token', () => {
    expect(measure('form.autocomplete', withFields([{ asks: 'email', autocomplete: 'email' }])).status).toBe('pass');
  });
  test('warns for none, for off and for one that axe finds invalid', () => {
    expect(measure('form.autocomplete', withFields([{ asks: 'email' }])).status).toBe('warn');
    expect(measure('form.autocomplete', withFields([{ asks: 'name', autocomplete: 'off' }])).status).toBe('warn');
    const axe: View['axe'] = [{ rule: 'autocomplete-valid', impact: 'serious', help: '', nodes: [{ selector: '#f1', element: null, summary: '' }] }];
    expect(measure('form.autocomplete', withFields([{ asks: 'name', autocomplete: 'nome' }], 'lead', { axe })).status).toBe('warn');
  });
  test('is unknown when no field asks for personal data', () => {
    expect(measure('form.autocomplete', withFields([{ asks: 'quantity' }])).status).toBe('unknown');
  });
});

describe('form.inputType', () => {
  test('passes by type or by input mode', () => {
    expect(measure('form.inputType', withFields([{ asks: 'phone', type: 'tel' }, { asks: 'email', inputMode: 'email' }])).status).toBe('pass');
  });
  test('warns for a phone number in a text field, by its label', () => {
    expect(measure('form.inputType', withFields([{ asks: 'phone', label: 'Phone' }])))
      .toMatchObject({ status: 'warn', value: '1 of 1 fields with the plain keyboard of letters: Phone', elements: ['d1'] });
  });
  test('is unknown without such fields', () => {
    expect(measure('form.inputType', withFields([{ asks: 'name' }])).status).toBe('unknown');
  });
});

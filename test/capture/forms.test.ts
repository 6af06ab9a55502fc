import { describe, expect, test } from 'vitest';
import type { Form, FormField } from '../../render-server/src/evidence.ts';
import { page, useCapturing } from '../support/capturing.ts';
import { testSites } from '../support/site.ts';

const { capture, view } = useCapturing();

describe('a form', () => {
  const forms: [Form['purpose'], string][] = [
    ['search', '<form role="search"><input name="q"><button>Go</button></form>'],
    ['search', '<form action="/find"><input type="search" name="term"></form>'],
    ['login', '<form><input type="email" name="email"><input type="password" name="pw"><button>Sign in</button></form>'],
    ['lead', '<form><input type="email" name="email"><input type="password" name="pw" autocomplete="new-password"><button>Create account</button></form>'],
    ['newsletter', '<form><input type="email" name="email"><button>Subscribe</button></form>'],
    ['checkout', '<form><input autocomplete="name"><input autocomplete="street-address"><input autocomplete="postal-code"><button>Continue</button></form>'],
    ['checkout', '<form><label>Card number <input name="card_number"></label><button>Pay</button></form>'],
    ['lead', '<form><label>Your name <input name="full-name"></label><label>Phone <input name="contact"></label><textarea name="message"></textarea><button>Send</button></form>'],
    ['purchase', '<form action="/cart/add"><select name="size"><option>S</option></select><button>Add to bag</button></form>'],
    ['other', '<form><label>Colour <input name="colour"></label><button>Show</button></form>'],
  ];
  test('is known by what it asks', async () => {
    const seen = await view(page(`<h1>Hello</h1>${forms.map(([, html]) => html).join('')}`));
    expect(seen.forms.map(({ purpose }, index) => [purpose, forms[index]?.[1]])).toEqual(forms);
  });

  test('gives each field its label, what it asks and its element', async () => {
    const { views } = await capture(testSites(), { path: '/lead' });
    const [form] = views[0]?.forms ?? [];
    expect(form).toMatchObject({ selector: '#quote-form', purpose: 'lead', visible: true });
    expect(form?.action).toMatch(/\/quote$/);
    expect(form?.fields.map(({ label, asks, required, type }) => [label, asks, required, type])).toEqual([
      ['Your name', 'name', true, 'text'],
      ['E-mail', 'email', true, 'email'],
      ['Phone (optional)', 'phone', false, 'tel'],
      ['Postcode', 'postcode', true, 'text'],
      ['What is wrong?', null, false, 'textarea'],
      ['I agree that you keep my details to answer me. Privacy', null, true, 'checkbox'],
    ]);
    const ids = views[0]?.elements.map(({ id }) => id);
    for (const field of form?.fields ?? []) expect(ids).toContain(field.element);
  });
});

test('a field is known by its words in five languages, its type and its autocomplete', async () => {
  const fields: [string, FormField['asks']][] = [
    ['<input name="firstName">', 'name'], ['<input name="x" placeholder="Vorname">', 'name'], ['<label>お名前<input></label>', 'name'],
    ['<label>E-Mail-Adresse<input></label>', 'email'], ['<label>Correo electrónico<input></label>', 'email'],
    ['<label>Téléphone<input></label>', 'phone'], ['<label>電話番号<input></label>', 'phone'],
    ['<label>Straße und Hausnummer<input></label>', 'address'], ['<label>PLZ<input></label>', 'postcode'],
    ['<input autocomplete="section-a billing cc-number">', 'card'], ['<input autocomplete="cc-name">', 'name'], ['<label>Cardholder<input></label>', 'name'], ['<label>IBAN<input></label>', null], ['<label>Menge<input type="number"></label>', 'quantity'],
    ['<label>Favourite colour<input></label>', null], ['<label><input type="checkbox" name="email-me"> Mail me</label>', null],
  ];
  const seen = await view(page(`<h1>Hello</h1><form>${fields.map(([html]) => `<p>${html}</p>`).join('')}</form>`));
  expect(seen.forms[0]?.fields.map(({ asks }, index) => [fields[index]?.[0], asks])).toEqual(fields);
});

test('a label that only machines see is no visible label', async () => {
  const seen = await view(page('<h1>Hello</h1><form><label for="a" style="display:none">Name</label><input id="a" placeholder="Name"></form>'));
  expect(seen.forms[0]?.fields[0]).toMatchObject({ label: '', placeholder: 'Name', asks: 'name' });
});

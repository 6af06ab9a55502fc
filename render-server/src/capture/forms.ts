import type { Form, FormField } from '../evidence.ts';
import { CART } from '../words.ts';
import type { FormFacts } from './in-page/forms.ts';

type FieldFacts = FormFacts['fields'][number];
type Asks = NonNullable<FormField['asks']>;

/** Words in a field's name, label or placeholder, the first that fits. Names are split at case and punctuation before. */
const WORDS: [Asks, RegExp][] = [
  ['email', /(?<!\p{L})e ?mail(?!\p{L})|mailadresse|courriel|correo|メール/u],
  ['password', /pass ?wor[dt]|kennwort|mot de passe|contraseña|パスワード/u],
  ['card', /card ?(?:number|no(?!\p{L}))|credit ?card(?! ?holder)|cvc|cvv|kartennummer|numéro de carte|número de tarjeta|カード番号/u],
  ['phone', /(?<!\p{L})(?:tele)?phone|(?<!\p{L})(?:tel|mobile|handy|móvil)(?!\p{L})|telefon|téléphone|teléfono|電話/u],
  ['postcode', /post ?(?:al)? ?code|(?<!\p{L})(?:zip|plz)(?!\p{L})|postleitzahl|code postal|código postal|郵便番号/u],
  ['address', /(?<!e ?mail )(?<!\p{L})address(?! ?e ?mail)|street|stra(?:ß|ss)e|anschrift|(?<!\p{L})(?:city|town|ort|stadt|ville|ciudad|country|land)(?!\p{L})|adresse|dirección|住所/u],
  ['quantity', /quantity|(?<!\p{L})qty(?!\p{L})|menge|anzahl|quantité|cantidad|数量/u],
  ['search', /search|(?<!\p{L})suche|recherche|buscar|検索/u],
  ['name', /(?:first|last|full|your|sur|vor|nach|fore|family|user|company) ?name|card ?holder|karteninhaber|titulaire|titular|(?<!\p{L})(?:name|nom|nombre|apellidos?|prénom|fname|lname)(?!\p{L})|氏名|お名前/u],
];

/** What a field asks for, by autocomplete, type, name, label and placeholder; null when that cannot be told. */
function asksOf(field: FieldFacts): FormField['asks'] {
  if (field.type === 'checkbox' || field.type === 'radio' || field.type === 'file') return null;
  const token = field.autocomplete.toLowerCase().split(/\s+/).at(-1) ?? '';
  if (token === 'email') return 'email';
  if (/^tel/.test(token)) return 'phone';
  if (/^cc-(?!.*name$)/.test(token)) return 'card';
  if (token === 'postal-code') return 'postcode';
  if (/^(?:street-address|address-|country)/.test(token)) return 'address';
  if (/name$/.test(token)) return 'name';
  if (/password$/.test(token)) return 'password';
  if (field.type === 'email' || field.type === 'password' || field.type === 'search') return field.type;
  if (field.type === 'tel') return 'phone';
  const name = field.name.replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2').replace(/[^\p{L}\p{N}]+/gu, ' ');
  for (const text of [name, field.label, field.placeholder].map((words) => words.toLowerCase().replace(/-/g, ' '))) {
    const found = WORDS.find(([, words]) => words.test(text));
    if (found !== undefined) return found[0];
  }
  return field.type === 'text' && /^(?:q|s|query)$/i.test(field.name) ? 'search' : null;
}

/** A form with what it is for and what its fields ask. */
export function formOf({ role, words, ...facts }: FormFacts): Form {
  const fields = facts.fields.map((field): FormField => ({ ...field, asks: asksOf(field) }));
  return { ...facts, fields, purpose: purposeOf(role, words, facts.action, fields) };
}

function purposeOf(role: string, words: string, action: string, fields: FormField[]): Form['purpose'] {
  const asked = new Set(fields.map(({ asks }) => asks));
  const reached = asked.has('email') || asked.has('phone');
  if (role === 'search' || (asked.has('search') && fields.length <= 3)) return 'search';
  if (asked.has('card') || (asked.has('address') && asked.has('postcode') && asked.has('name'))) return 'checkout';
  if (CART.test(words) || /\/(?:cart|basket|warenkorb|panier|carrito)(?:[/?]|$)/i.test(action)) return 'purchase';
  if (asked.has('password')) {
    const isNew = fields.filter(({ asks }) => asks === 'password').length > 1 || fields.some(({ autocomplete }) => autocomplete === 'new-password')
      || /sign ?up|register|create|registrieren|inscri|regístr|登録/i.test(words);
    return isNew ? 'lead' : 'login';
  }
  const typed = fields.filter(({ type }) => !['checkbox', 'radio', 'hidden'].includes(type));
  if (asked.has('email') && typed.length <= 2 && !fields.some(({ tag }) => tag === 'textarea')
    && (typed.length === 1 || /newsletter|subscribe|abonnieren|s[’']abonner|suscr|メルマガ/i.test(words))) return 'newsletter';
  return reached ? 'lead' : 'other';
}

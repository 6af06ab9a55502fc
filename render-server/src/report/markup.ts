/** HTML that has been escaped: only `html` makes it, so whatever else reaches a page is escaped on the way. */
export class Markup {
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }
}

export type Content = Markup | string | number | null | false | Content[];

/** A template whose values are escaped, unless they are Markup themselves; lists are joined, null and false left out. */
export function html(parts: TemplateStringsArray, ...values: Content[]): Markup {
  return new Markup(parts.map((part, index) => (index === 0 ? part : render(values[index - 1] ?? null) + part)).join(''));
}

function render(value: Content): string {
  if (value === null || value === false) return '';
  if (value instanceof Markup) return value.source;
  if (Array.isArray(value)) return value.map(render).join('');
  return escape(String(value));
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\'': '&#39;', '`': '&#96;' };

function escape(text: string): string {
  return text.replace(/[&<>"'`]/g, (character) => ENTITIES[character] ?? '').replace(/[\0-\x08\x0b\x0c\x0e-\x1f]/g, '');
}

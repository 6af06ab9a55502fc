/**
 * One way in which a document makes a browser ask for an address. `{url}` stands for the address; `{https}`, `{ws}`
 * and `{wss}` for the same one by another scheme, `{redirect}` for an address of the page's own site that sends on to
 * it, and `{script}` for a script there that fetches it.
 */
export interface Way {
  readonly html: string;
  /** Of the document's answer. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly type?: string;
  /** Does its work in a tab only, not in a frame. */
  readonly tab?: boolean;
  /** Needs no document of its own. */
  readonly inline?: boolean;
  /** Where it leads, when not to a name of its own. */
  readonly host?: string;
  /** What the DNS says of that name, when not that it is 127.0.0.1. */
  readonly answers?: readonly string[];
  /** The server's browser never comes so far as to ask. */
  readonly stopped?: 'service workers are blocked';
}

/** Ways by name; a text is the document alone. Names are labels of host names too. */
export type Ways = Readonly<Record<string, string | Way>>;

export const js = (code: string): string => `<body><script>${code}</script>`;
/** Code of a worker as an expression in a page's script. */
export const blob = (code: string): string => `URL.createObjectURL(new Blob([${JSON.stringify(code)}], { type: 'text/javascript' }))`;
export const css = (rules: string): string => `<style>${rules}</style><body><p id="x" class="x">x</p><ul><li>x</ul>`;
export const svg = (content: string): string => `<body><svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="9" height="9">${content}</svg>`;
export const svgFile = (content: string, before = ''): Way => ({ type: 'image/svg+xml', html: `${before}<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="9" height="9">${content}</svg>` });
export const tab = (html: string): Way => ({ html, tab: true });
/** Chromium does some things only towards what it trusts: https, or this machine. */
export const TRUSTED = { host: '127.0.0.1' } as const;

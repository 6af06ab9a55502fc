import { DNS_ANSWERS, IMAGES, REDIRECTED, TUNNELS } from './addresses.ts';
import { ANSWER_HEADERS, HTML } from './markup.ts';
import { REDIRECTS } from './redirects.ts';
import { SCRIPT, WORKERS } from './scripts.ts';
import { CSS, SVG } from './styles.ts';
import type { Way } from './way.ts';

/** Every way by its name, by class. */
export const WAYS: Readonly<Record<string, Readonly<Record<string, Way>>>> = Object.fromEntries(
  Object.entries({
    'HTML': HTML, 'headers of an answer': ANSWER_HEADERS, 'CSS': CSS, 'SVG': SVG, 'script': SCRIPT, 'workers': WORKERS, 'redirects': REDIRECTS,
    'addresses in every spelling': IMAGES, 'the same in a tunnel': TUNNELS, 'the same behind a redirect': REDIRECTED, 'DNS answers': DNS_ANSWERS,
  }).map(([name, ways]) => [name, Object.fromEntries(Object.entries(ways).map(([id, way]) => [id, typeof way === 'string' ? { html: way } : way]))]));

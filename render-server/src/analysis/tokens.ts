/** What text and pictures come to in tokens. */
import type { Tile } from '../evidence.ts';

/** Pixels a side of the squares that Claude counts pictures in. */
const PATCH = 28;

/** Of text in Latin letters; a character of a script without letters is a token of its own. */
const CHARACTERS_PER_TOKEN = 3.5;
const IDEOGRAPHIC = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/gu;

/** Tokens of a text, by our estimate; not rounded, so that pieces can be added up. */
export function textTokens(text: string): number {
  const dense = text.match(IDEOGRAPHIC)?.length ?? 0;
  return dense + (text.length - dense) / CHARACTERS_PER_TOKEN;
}

/** Tokens of a picture: ceil(width / 28) x ceil(height / 28). */
export function imageTokens({ width, height }: Pick<Tile, 'width' | 'height'>): number {
  return Math.ceil(width / PATCH) * Math.ceil(height / PATCH);
}

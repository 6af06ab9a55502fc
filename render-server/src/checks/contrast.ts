/** Red, green, blue (0-255) and alpha (0-1) of a computed CSS colour; null for a notation other than rgb(). */
function parse(colour: string): [number, number, number, number] | null {
  const match = /^rgba?\(([^)]+)\)$/.exec(colour.trim());
  const parts = match?.[1]?.split(/[\s,/]+/).map(Number) ?? [];
  const [red, green, blue, alpha = 1] = parts;
  if (red === undefined || green === undefined || blue === undefined || parts.some(Number.isNaN)) return null;
  return [red, green, blue, alpha];
}

function luminance(channels: readonly number[]): number {
  const [red = 0, green = 0, blue = 0] = channels.map((channel) => {
    const share = channel / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/**
 * Contrast of text on an opaque background, 1 to 21, as WCAG 2.2 defines it.
 * Null where a colour is not in rgb() notation or the background is see-through.
 */
export function contrastRatio(text: string, background: string): number | null {
  const front = parse(text);
  const back = parse(background);
  if (front === null || back === null || back[3] < 1) return null;
  const drawn = [0, 1, 2].map((index) => (front[index] ?? 0) * front[3] + (back[index] ?? 0) * (1 - front[3]));
  const [low = 0, high = 0] = [luminance(drawn), luminance(back)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

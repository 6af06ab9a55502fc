/** The value below which this share of the values lies; NaN of none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

export const median = (values: readonly number[]): number => percentile(values, 0.5);

export const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * Jain's fairness index: 1 when all have the same, 1/n when one has it all.
 * Jain, Chiu, Hawe: A Quantitative Measure of Fairness and Discrimination (DEC-TR-301, 1984).
 */
export function jain(values: readonly number[]): number {
  const squares = values.reduce((sum, value) => sum + value ** 2, 0);
  return squares === 0 ? 1 : values.reduce((sum, value) => sum + value, 0) ** 2 / (values.length * squares);
}

export interface Point {
  x: number;
  y: number;
}

/** A slope and its 95 % interval. */
export interface Slope {
  value: number;
  low: number;
  high: number;
}

/**
 * The median of the slopes between all pairs of points, which a few steps and spikes do not move, and its interval from
 * the variance of Kendall's S. P. K. Sen: Estimates of the Regression Coefficient Based on Kendall's Tau (1968).
 * The interval takes the points as independent: give it the medians of pieces of time, not neighbouring samples.
 */
export function slopeOf(points: readonly Point[]): Slope {
  const slopes = points.flatMap((a, i) => points.slice(i + 1).map((b) => (b.y - a.y) / (b.x - a.x))).sort((a, b) => a - b);
  const n = points.length;
  const spread = 1.96 * Math.sqrt((n * (n - 1) * (2 * n + 5)) / 18);
  const low = slopes[Math.round((slopes.length - spread) / 2) - 1] ?? -Infinity; // too few points bound nothing
  const high = slopes[Math.round((slopes.length + spread) / 2)] ?? Infinity;
  return { value: median(slopes), low, high };
}

/** The points' medians over pieces of `width` along x. */
export function medians(points: readonly Point[], width: number): Point[] {
  const pieces = Map.groupBy(points, ({ x }) => Math.floor(x / width));
  return [...pieces.values()].map((piece) => ({ x: median(piece.map(({ x }) => x)), y: median(piece.map(({ y }) => y)) }));
}

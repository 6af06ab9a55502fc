/**
 * Whether memory grows, from samples of it. The slope is Theil and Sen's, the median of the slopes between all pairs of
 * points, with its 95 % interval (P. K. Sen: Estimates of the Regression Coefficient Based on Kendall's Tau, 1968): a
 * page that is open or a browser that is replaced moves it little. Memory grows when even the lower end of the interval
 * lies above a bound. The bound is absolute: a share of what is there would excuse any leak of a large process.
 */
import { median, medians, slopeOf, type Slope } from '../statistics.mts';

export interface Growth {
  /** Points that it was taken from, each the median of a piece of time. */
  points: number;
  /** MB a minute. */
  slope: Slope;
  /** Medians of the first and the last fifth, in MB. */
  first: number;
  last: number;
}

/** Neighbouring samples hang together (a collection of garbage, a page that is open): the median of so long a time less. */
const PIECE_MINUTES = 10 / 60;

/** With fewer the interval is nearly as wide as the slopes themselves. A soak of five minutes has ten between kills. */
const MIN_POINTS = 8;

const MB = 2 ** 20;

/** @param samples times in ms and memory in bytes */
export function growthOf(samples: readonly { at: number; bytes: number }[]): Growth {
  const points = samples.map(({ at, bytes }) => ({ x: at / 60_000, y: bytes / MB }));
  const pieces = medians(points, PIECE_MINUTES);
  const fifth = Math.ceil(points.length / 5);
  return {
    points: pieces.length, slope: slopeOf(pieces),
    first: median(points.slice(0, fifth).map(({ y }) => y)), last: median(points.slice(-fifth).map(({ y }) => y)),
  };
}

/** Whether there were points enough, and the lower end of the slope's interval is at most so many MB a minute. */
export const isSteady = ({ points, slope }: Growth, bound: number): boolean => points >= MIN_POINTS && slope.low <= bound;

export function wordsOf({ points, slope, first, last }: Growth, bound: number): string {
  if (points < MIN_POINTS) return `too short to judge: ${points} points of ${MIN_POINTS}; five minutes are enough`;
  const signed = (value: number): string => `${value < 0 ? '' : '+'}${value.toFixed(1)}`;
  return `${signed(slope.value)} MB/min (95 %: ${signed(slope.low)} to ${signed(slope.high)}; the lower end may be ${bound}, ${((bound * 1440) / 1024).toFixed(1)} GB a day), median ${first.toFixed(0)} MB at first and ${last.toFixed(0)} MB at last`;
}

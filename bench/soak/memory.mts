/** Whether memory grows, from samples of it. */
import { median, medians, slopeOf, type Slope } from '../statistics.mts';

export interface Growth {
  /** MB a minute. */
  slope: Slope;
  /** Medians of the first and the last fifth, in MB. */
  first: number;
  last: number;
  /** Growth over the whole time by the slope, as a share of the first. */
  share: number;
}

/** Neighbouring samples hang together (a collection of garbage, a page that is open): the median of so long a time less. */
const PIECE_MINUTES = 10 / 60;

const MB = 2 ** 20;

/** @param samples times in ms and memory in bytes */
export function growthOf(samples: readonly { at: number; bytes: number }[]): Growth {
  const points = samples.map(({ at, bytes }) => ({ x: at / 60_000, y: bytes / MB }));
  const slope = slopeOf(medians(points, PIECE_MINUTES));
  const fifth = Math.ceil(points.length / 5);
  const first = median(points.slice(0, fifth).map(({ y }) => y));
  const last = median(points.slice(-fifth).map(({ y }) => y));
  const minutes = (points.at(-1)?.x ?? 0) - (points[0]?.x ?? 0);
  return { slope, first, last, share: (slope.value * minutes) / first };
}

/** Growth over the time that counts as none: for its first minutes a server still compiles code and fills its caches. */
const NEGLIGIBLE = 0.1;

/** Whether the 95 % interval of the slope reaches down to 0, or the growth is too small to matter. */
export const isSteady = ({ slope, share }: Growth): boolean => slope.low <= 0 || share < NEGLIGIBLE;

export function wordsOf({ slope, first, last, share }: Growth): string {
  const signed = (value: number): string => `${value < 0 ? '' : '+'}${value.toFixed(1)}`;
  return `${signed(slope.value)} MB/min (95 %: ${signed(slope.low)} to ${signed(slope.high)}), median ${first.toFixed(0)} MB at first and ${last.toFixed(0)} MB at last, ${signed(share * 100)} % by the slope`;
}

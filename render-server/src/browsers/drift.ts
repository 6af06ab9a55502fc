/** Samples of one level of load that are compared with as many others. */
const WINDOW = 20;

/** What was measured longer ago than this, in ms, says nothing about now. */
const RECENT_MS = 600_000;

/** Times measured while equally many pages were open. */
interface Level {
  /** How many there were. The first ones are left out: a browser is slow until its caches are filled. */
  seen: number;
  /** The first ones after those. */
  readonly baseline: number[];
  /** The latest ones. */
  readonly recent: { ms: number; at: number }[];
}

/** How much slower the same work has become since the start, comparing only times measured at the same load. */
export class LatencyDrift {
  readonly #levels = new Map<number, Level>();

  /**
   * @param load how much else was going on
   * @param ms how long it took
   * @param now in ms since the epoch
   */
  record(load: number, ms: number, now = Date.now()): void {
    const level = this.#levels.get(load) ?? { seen: 0, baseline: [], recent: [] };
    this.#levels.set(load, level);
    level.seen += 1;
    if (level.seen <= WINDOW) return;
    if (level.baseline.length < WINDOW) {
      level.baseline.push(ms);
      return;
    }
    level.recent.push({ ms, at: now });
    if (level.recent.length > WINDOW) level.recent.shift();
  }

  /**
   * Median of the last times by the median of the first ones, at the load where it is worst: 2 is half as fast as at first.
   * 1 while there are too few times to compare.
   */
  ratio(now = Date.now()): number {
    const comparable = [...this.#levels.values()].filter(({ recent: [oldest, ...others] }) => others.length === WINDOW - 1 && oldest && now - oldest.at <= RECENT_MS);
    if (comparable.length === 0) return 1;
    return Math.max(...comparable.map(({ baseline, recent }) => median(recent.map(({ ms }) => ms)) / median(baseline)));
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.floor(middle)] ?? 0) + (sorted[Math.ceil(middle) - 1] ?? 0)) / 2;
}

/** How long the steps of a capture may take, in milliseconds. */
export interface Bounds {
  /** From asking for the address to the first bytes of the document. */
  navigation: number;
  /** One call into the page: measuring, a picture. Longer means that the page's own script holds the browser. */
  step: number;
  /** Waiting for a page to come to rest. Passing it is no error: the page is measured as it stands. */
  settle: number;
}

export const BOUNDS: Bounds = { navigation: 30_000, step: 15_000, settle: 8_000 };

/**
 * The outcome of `work`, or the error that `late` makes when it takes longer than `ms`.
 * What loses the race is left to end by itself; its failure is not reported.
 */
export async function within<T>(work: Promise<T>, ms: number, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const alarm = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), ms);
  });
  work.catch(() => {});
  try {
    return await Promise.race([work, alarm]);
  } finally {
    clearTimeout(timer);
  }
}

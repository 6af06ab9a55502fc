/** Waits that always end. */

/**
 * The promise's outcome, or a rejection with `signal.reason` as soon as the signal fires. What the promise does after
 * that is given to `late`, so that a thing acquired too late is still released.
 */
export async function orAbort<T>(promise: Promise<T>, signal: AbortSignal, late?: (value: T) => unknown): Promise<T> {
  if (signal.aborted) {
    promise.then(late, () => {});
    throw signal.reason;
  }
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => {
    promise.then(late, () => {});
    aborted.reject(signal.reason);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** Whether the promise ended, well or not, within `ms`. */
export async function endsWithin(promise: Promise<unknown>, ms: number): Promise<boolean> {
  const ended = promise.then(() => true, () => true);
  return within(ended, ms, () => new Error('late')).catch(() => false);
}

/**
 * The outcome of `work`, or the error that `late` makes when it takes longer than `ms`.
 * What loses the race is left to end by itself; its failure is not reported.
 */
export async function within<T>(work: Promise<T>, ms: number, late: () => Error): Promise<T> {
  const alarm = Promise.withResolvers<never>();
  const timer = setTimeout(() => alarm.reject(late()), ms);
  work.catch(() => {});
  try {
    return await Promise.race([work, alarm.promise]);
  } finally {
    clearTimeout(timer);
  }
}

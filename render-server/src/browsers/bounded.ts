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
  const timer = Promise.withResolvers<boolean>();
  const handle = setTimeout(() => timer.resolve(false), ms);
  try {
    return await Promise.race([promise.then(() => true, () => true), timer.promise]);
  } finally {
    clearTimeout(handle);
  }
}

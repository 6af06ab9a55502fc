import type { Sleep } from '@cro-analyzer/protocol/client';
import { sleep } from 'n8n-workflow';

/** n8n lets a node sleep but not set timers of its own, and its sleep takes no signal. */
export const abortableSleep: Sleep = async (ms, signal) => {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await Promise.race([sleep(ms), aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
};

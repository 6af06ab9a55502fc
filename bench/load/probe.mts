/** Asks for the health of a server ten times a second, in a thread of its own: a busy event loop beside it is not measured. */
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';
import { setTimeout as delay } from 'node:timers/promises';

const EVERY_MS = 100;

/** Milliseconds that each answer took; an answer that did not come counts as endless. */
export type Latencies = Record<'/healthz' | '/readyz', number[]>;

/** Begins to ask. @returns the call that ends it and tells what was measured */
export function probe(url: string): () => Promise<Latencies> {
  const worker = new Worker(new URL(import.meta.url), { workerData: url });
  const { promise, resolve, reject } = Promise.withResolvers<Latencies>();
  worker.once('message', resolve).once('error', reject);
  return async () => {
    worker.postMessage('stop');
    return promise;
  };
}

if (!isMainThread && parentPort) {
  const port = parentPort;
  const latencies: Latencies = { '/healthz': [], '/readyz': [] };
  const over = new AbortController();
  port.once('message', () => over.abort());
  const ask = async (path: keyof Latencies): Promise<void> => {
    while (!over.signal.aborted) {
      const began = performance.now();
      const answered = await fetch(String(workerData) + path).then((answer) => answer.text(), () => undefined);
      const took = performance.now() - began;
      latencies[path].push(answered === undefined ? Infinity : took);
      await delay(Math.max(0, EVERY_MS - took), undefined, { signal: over.signal }).catch(() => {});
    }
  };
  await Promise.all([ask('/healthz'), ask('/readyz')]);
  port.postMessage(latencies);
}

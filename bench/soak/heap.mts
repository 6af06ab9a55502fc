/** The memory that a Node process keeps. V8 collects late where there is memory to spare: what is resident between two
 *  collections swings by half, and a leak would hide in that. So the garbage is collected first, over the inspector. */
import { setTimeout as delay } from 'node:timers/promises';
import type { ServerProcess } from '../server-process.mts';

const EVERY_MS = 5_000;
const ANSWERS_WITHIN_MS = 8_000;

/** Bytes right after a collection: what JavaScript holds, buffers included, and what is resident. */
export interface Kept {
  /** Milliseconds since the epoch. */
  at: number;
  held: number;
  resident: number;
}

/**
 * Collects the garbage and measures; undefined when the server does not answer.
 * @param inspector port of the process's inspector on loopback
 */
export async function measure(server: ServerProcess, inspector: number): Promise<Kept | undefined> {
  const held = await collect(inspector).catch(() => undefined);
  const { info } = server;
  return info && held !== undefined ? { at: Date.now(), held, resident: info.rss } : undefined;
}

/** Measures every five seconds until the signal fires. */
export async function keptMemory(server: ServerProcess, inspector: number, until: AbortSignal): Promise<Kept[]> {
  const kept: Kept[] = [];
  while (!until.aborted) {
    const now = await measure(server, inspector);
    if (now) kept.push(now);
    await delay(EVERY_MS, undefined, { signal: until }).catch(() => {});
  }
  return kept;
}

interface HeapUsage { usedSize: number; embedderHeapUsedSize: number; backingStorageSize: number }

/** Collects the garbage. @returns bytes that are held then */
async function collect(inspector: number): Promise<number> {
  const [target] = await (await fetch(`http://127.0.0.1:${inspector}/json`, { signal: AbortSignal.timeout(ANSWERS_WITHIN_MS) })).json() as { webSocketDebuggerUrl: string }[];
  const socket = new WebSocket(target?.webSocketDebuggerUrl ?? '');
  const answered = new Promise<HeapUsage>((resolve, reject) => {
    socket.onopen = () => ['HeapProfiler.collectGarbage', 'Runtime.getHeapUsage'].forEach((method, id) => socket.send(JSON.stringify({ id, method })));
    socket.onmessage = ({ data }) => {
      const { id, result } = JSON.parse(String(data)) as { id: number; result: HeapUsage };
      if (id === 1) resolve(result);
    };
    socket.onclose = socket.onerror = () => reject(new Error('the inspector of the server does not answer'));
    AbortSignal.timeout(ANSWERS_WITHIN_MS).onabort = () => reject(new Error('the server does not collect its garbage in time'));
  });
  const { usedSize, embedderHeapUsedSize, backingStorageSize } = await answered.finally(() => socket.close());
  return usedSize + embedderHeapUsedSize + backingStorageSize;
}

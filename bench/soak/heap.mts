/** The memory that a Node process keeps. V8 collects late where there is memory to spare: what is resident between two
 *  collections swings by half, and a leak would hide in that. So the garbage is collected first, over the inspector. */
import { setTimeout as delay } from 'node:timers/promises';
import type { ServerProcess } from '../server-process.mts';

const EVERY_MS = 10_000;
const COLLECT_WITHIN_MS = 5_000;

/**
 * Resident bytes right after a collection, every ten seconds until the signal fires.
 * @param inspector port of the process's inspector on loopback
 */
export async function keptMemory(server: ServerProcess, inspector: number, until: AbortSignal): Promise<{ at: number; bytes: number }[]> {
  const samples: { at: number; bytes: number }[] = [];
  while (!until.aborted) {
    await collectGarbage(inspector);
    const { info } = server;
    if (info) samples.push({ at: Date.now(), bytes: info.rss });
    await delay(EVERY_MS, undefined, { signal: until }).catch(() => {});
  }
  return samples;
}

async function collectGarbage(inspector: number): Promise<void> {
  const [target] = await (await fetch(`http://127.0.0.1:${inspector}/json`)).json() as { webSocketDebuggerUrl: string }[];
  const socket = new WebSocket(target?.webSocketDebuggerUrl ?? '');
  const collected = new Promise<void>((resolve, reject) => {
    socket.onopen = () => socket.send(JSON.stringify({ id: 1, method: 'HeapProfiler.collectGarbage' }));
    socket.onmessage = () => resolve();
    socket.onclose = socket.onerror = () => reject(new Error('the inspector of the server does not answer'));
    AbortSignal.timeout(COLLECT_WITHIN_MS).onabort = () => reject(new Error('the server does not collect its garbage in time'));
  });
  await collected.finally(() => socket.close());
}

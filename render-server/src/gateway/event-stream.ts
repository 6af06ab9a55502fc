import type { Context } from 'hono';
import { streamSSE } from 'hono/streaming';
import { orAbort } from '../bounded.ts';
import type { Jobs } from '../jobs/jobs.ts';
import { endFrame, loadEnd } from './end-frame.ts';
import { Outbox } from './outbox.ts';

/** How often a stream on which nothing happens is kept alive, in ms. */
const KEEP_ALIVE_MS = 20_000;

/**
 * A job's snapshot, progress, findings and end as server-sent events, each the frame that the socket would send, as JSON.
 * @throws RenderError not_found
 */
export async function followJob(c: Context, jobs: Jobs, owner: string, id: string): Promise<Response> {
  await jobs.get(owner, id); // an unknown job is a problem, not a stream
  if (c.req.method === 'HEAD') return c.body(null, 200, { 'content-type': 'text/event-stream' }); // nobody would read the stream
  return streamSSE(c, async (stream) => {
    const over = new AbortController();
    stream.onAbort(() => over.abort());
    const gone = AbortSignal.any([over.signal, jobs.stopped]);
    let bufferedBytes = 0;
    let written = Promise.resolve();
    const outbox: Outbox = new Outbox({
      subprotocol: 'cro.v1.json',
      get bufferedBytes() {
        return bufferedBytes;
      },
      send(data) {
        const text = String(data);
        bufferedBytes += text.length;
        written = written.then(async () => {
          await stream.writeSSE({ data: text });
          bufferedBytes -= text.length;
          if (bufferedBytes === 0) outbox.drained();
        });
      },
      close: () => over.abort(),
    }, (job) => loadEnd(jobs, owner, job));
    const ended = Promise.withResolvers<void>();
    const keepAlive = setInterval(() => void stream.write(':\n\n'), KEEP_ALIVE_MS);
    const stop = await jobs.watch(
      owner, id,
      (snapshot) => outbox.send({ type: 'snapshot', job: id, ...snapshot }),
      (event) => {
        if (event.type !== 'end') return outbox.send({ ...event, job: id });
        outbox.send(endFrame(id, event.end));
        ended.resolve();
      },
    );
    try {
      await orAbort(ended.promise.then(() => outbox.room()).then(() => written), gone);
    } catch {
      // The client is gone, was too slow, or the server stops.
    } finally {
      clearInterval(keepAlive);
      outbox.close();
      stop();
    }
  });
}

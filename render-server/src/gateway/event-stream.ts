import type { Context } from 'hono';
import { streamSSE } from 'hono/streaming';
import type { Logger } from 'pino';
import { orAbort } from '../bounded.ts';
import { RenderError } from '../errors.ts';
import type { Jobs } from '../jobs/jobs.ts';
import { endFrame, loadEnd } from './end-frame.ts';
import { Outbox } from './outbox.ts';

/** How often a stream on which nothing happens is kept alive, in ms. */
const KEEP_ALIVE_MS = 20_000;

/**
 * A job's snapshot, progress, findings and end as server-sent events, each the frame that the socket would send, as JSON.
 * @param leave called when the stream is over
 */
export function followJob(c: Context, { jobs, logger }: { jobs: Jobs; logger: Logger }, owner: string, id: string, leave: () => void): Response {
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
    let stop: (() => void) | undefined;
    try {
      stop = await jobs.watch(
        owner, id,
        (snapshot) => outbox.send({ type: 'snapshot', job: id, ...snapshot }),
        (event) => {
          if (event.type !== 'end') return outbox.send({ ...event, job: id });
          outbox.send(endFrame(id, event.end));
          ended.resolve();
        },
      );
      await orAbort(ended.promise.then(() => outbox.room()).then(() => written), gone);
    } catch (thrown) {
      if (gone.aborted) return; // the client is gone, was too slow, or the server stops
      const error = RenderError.from(thrown);
      if (error.code === 'internal') logger.error({ err: error.cause, job: id }, 'a job could not be followed');
      outbox.send({ type: 'rejected', job: id, error: error.toWire() });
      await written;
    } finally {
      clearInterval(keepAlive);
      outbox.close();
      stop?.();
      leave();
    }
  });
}

/** Tells when a request of fetch goes out: by its end alone, one that was cancelled while connecting looks like one that Claude is reading. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';

const made = new AsyncLocalStorage<() => void>();
const watched = new WeakMap<object, () => void>();

// The channels of undici, which is Node's fetch: the first is told in the context of fetch, the second in the socket's.
subscribe('undici:request:create', (message) => {
  const onSent = made.getStore();
  if (onSent) watched.set(requestOf(message), onSent);
});
subscribe('undici:client:sendHeaders', (message) => watched.get(requestOf(message))?.());

/** Runs `send`, and calls `onSent` as soon as a request that it makes with fetch is written to its connection. */
export function whenSent<T>(send: () => Promise<T>, onSent: () => void): Promise<T> {
  return made.run(onSent, send);
}

function requestOf(message: unknown): object {
  return (message as { request: object }).request;
}

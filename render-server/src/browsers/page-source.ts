import type { BrowserContextOptions, Page } from 'playwright-core';

/** Why the network refused a host: `dns` also stands for a name that leads to a private address. */
export type EgressFailure = 'dns' | 'connect' | 'forbidden' | 'too_large';

/**
 * What one job may use of the network, both devices together: bytes received, bytes sent, and plain requests and
 * tunnels asked for. What goes through one tunnel is counted in bytes alone.
 * Heavy shop pages stay below 50 MB and 1,000 requests, and send some kilobytes; endless ones do not.
 */
export const EGRESS_LIMITS = { bytes: 200 * 1024 * 1024, sent: 50 * 1024 * 1024, requests: 10_000 } as const;
export type EgressLimit = keyof typeof EGRESS_LIMITS;

/**
 * What capture gets of a browser: one page at a time, each in a fresh context whose only way out is the
 * job's own egress gate.
 */
export interface PageSource {
  /**
   * Opens a page in a fresh context, hands it to `use`, and closes both on every path.
   * Ends with `signal.reason` when the signal fires, also while `use` hangs.
   * @throws RenderError `browser_crashed` when the browser dies meanwhile
   */
  withPage<T>(options: BrowserContextOptions, signal: AbortSignal, use: (page: Page) => Promise<T>): Promise<T>;
  /** Why the job's egress gate last refused or failed to reach the host and port of this address; undefined if it did not. */
  failureFor(url: URL): EgressFailure | undefined;
  /** Which of `EGRESS_LIMITS` the job has used up, so that all it asked for since was refused; undefined if none. */
  usedUp(): EgressLimit | undefined;
}

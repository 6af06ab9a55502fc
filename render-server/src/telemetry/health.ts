/** What `/readyz` says. */
export interface Health {
  ready: boolean;
  /** Why it is not ready; empty when it is. */
  reasons: string[];
  /** Page slots: in all, those of living browsers, and those in use. */
  slots: { total: number; ready: number; busy: number };
  jobs: { queued: number; running: number };
  /** Whether Chromium runs in its own sandbox. */
  sandbox: boolean;
}

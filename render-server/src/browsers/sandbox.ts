/** Chromium's own sandbox: when it is asked for, and when its lack is put up with. */

/** auto is on wherever it can work. */
export type SandboxSetting = 'auto' | 'on' | 'off';

/** Whether a launch asks for the sandbox. Chromium has none for root on Linux. */
export function wantsSandbox(setting: SandboxSetting, isRoot = process.platform === 'linux' && process.getuid?.() === 0): boolean {
  return setting === 'on' || (setting === 'auto' && !isRoot);
}

/**
 * What Chromium says where it may not make the namespaces that its sandbox is made of: without user namespaces, in a
 * container that forbids them, and under AppArmor. The second is what Playwright makes of the first.
 */
const NO_SANDBOX = /No usable sandbox|Chromium sandboxing failed|Failed to move to new namespace|FATAL:\S*(?:credentials|namespace_sandbox)\.cc.*(?:Operation not permitted|Permission denied)/;

/** Whether the sandbox is why a launch failed; anything else that goes wrong would go wrong without it as well. */
export function lacksSandbox(failure: unknown): boolean {
  return failure instanceof Error && NO_SANDBOX.test(failure.message);
}

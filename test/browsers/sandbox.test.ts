import { describe, expect, it } from 'vitest';
import { lacksSandbox, wantsSandbox } from '../../render-server/src/browsers/sandbox.ts';

describe('the sandbox', () => {
  it('is on unless it is turned off, or left to us where there is none: as root', () => {
    expect((['auto', 'on', 'off'] as const).map((setting) => [wantsSandbox(setting, false), wantsSandbox(setting, true)])).toEqual([[true, false], [true, true], [false, false]]);
  });

  it.each([
    'ERROR:content/browser/zygote_host/zygote_host_impl_linux.cc:130] No usable sandbox! If this is a Debian system, please install',
    'browserType.launchPersistentContext: Failed to launch the browser process.\nChromium sandboxing failed!\n====',
    'Failed to move to new namespace: PID namespaces supported, Network namespace supported, but failed: errno = Operation not permitted',
    '[0100/000000.1:FATAL:sandbox/linux/services/credentials.cc:131] Check failed: . : Operation not permitted (1)',
    '[7:7:0101/000000.1:FATAL:credentials.cc(127)] Check failed: . : Permission denied (13)',
  ])('is lacking where Chromium says so: %s', (message) => {
    expect(lacksSandbox(new Error(message))).toBe(true);
  });

  it.each([
    'Failed to launch: Error: spawn EAGAIN',
    'browserType.launchPersistentContext: Target page, context or browser has been closed\nBrowser logs:\n<process did exit: exitCode=1, signal=null>',
    'Timeout 20000ms exceeded.',
    '[1:1:FATAL:zygote_host_impl_linux.cc(201)] Check failed: process.IsValid(). Failed to launch zygote process',
    '[1:1:FATAL:credentials.cc(127)] Check failed: . : No space left on device (28)',
  ])('is not what a launch fails by that fails for another reason: %s', (message) => {
    expect(lacksSandbox(new Error(message))).toBe(false);
  });
});

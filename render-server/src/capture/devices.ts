import type { AnalysisRequest, Device } from '@cro-analyzer/protocol/messages';
import { devices as playwrightDevices, type BrowserContextOptions } from 'playwright-core';

/** What a device shows at once, and how it is pictured. */
interface DeviceProfile {
  /** First letter of the ids of its elements. */
  letter: string;
  viewport: { width: number; height: number; scale: number };
}

export const DEVICES: Record<Device, DeviceProfile> = {
  desktop: { letter: 'd', viewport: { width: 1440, height: 900, scale: 1 } },
  mobile: { letter: 'm', viewport: { width: 390, height: 844, scale: 2 } },
};

/** The browser context that stands for a device: no service workers, no downloads, calm motion so that two visits look alike. */
export function contextOptions(device: Device, language: AnalysisRequest['language']): BrowserContextOptions {
  const { width, height, scale } = DEVICES[device].viewport;
  const mobile = device === 'mobile';
  return {
    viewport: { width, height },
    screen: { width, height },
    deviceScaleFactor: scale,
    isMobile: mobile,
    hasTouch: mobile,
    ...(mobile ? { userAgent: playwrightDevices['Pixel 7']?.userAgent ?? '' } : {}),
    serviceWorkers: 'block',
    acceptDownloads: false,
    reducedMotion: 'reduce',
    colorScheme: 'light',
    locale: language,
  };
}

/**
 * Script for every page: registering a service worker stays pending, as on a slow line. Playwright's own block
 * answers with undefined, and each page that goes on from there throws an error that no visitor meets.
 */
export const PENDING_SERVICE_WORKERS = 'if (navigator.serviceWorker) navigator.serviceWorker.register = () => new Promise(() => {});';

/**
 * Runs before the page's own scripts. Keeps a phone at the page's own scale: where something sticks out of the page,
 * Chromium would measure fixed boxes for a zoomed-out screen, but draw them for this one. A second viewport tag does
 * it, so that the first stays as the page wrote it.
 */
export const PINNED_SCALE = `if (top === self) new MutationObserver((_, observer) => {
  const own = document.querySelector('meta[name=viewport i]');
  if (!own || !own.content) return;
  observer.disconnect();
  if (/minimum-scale/i.test(own.content)) return;
  const pin = document.createElement('meta');
  pin.name = 'viewport';
  pin.content = own.content + ', minimum-scale=1';
  own.after(pin);
}).observe(document, { childList: true, subtree: true });`;

/**
 * Script for every page: it stays where it is when it would open a mail program or an app. A visitor stays too; a
 * browser that knows no such program gives up the page in the middle, without a load event.
 */
export const STAYS_HERE = `if (top === self) globalThis.navigation?.addEventListener('navigate', (event) => {
  if (!/^(?:https?|about|blob|data):/.test(event.destination.url)) event.preventDefault();
});`;

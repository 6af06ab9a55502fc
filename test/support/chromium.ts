/** The Chromium that tests start: the one that the set-up found, else Debian's. */
export const CHROMIUM = process.env['CRO_CHROMIUM_PATH'] || '/usr/bin/chromium-headless-shell';

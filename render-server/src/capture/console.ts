import type { Page } from 'playwright-core';
import type { View } from '../evidence.ts';

const MESSAGES_MAX = 20;
const MESSAGE_LENGTH = 300;

/** Listens for errors that the page writes or throws; the function returned gives the first 20 of each. */
export function listenToConsole(page: Page): () => View['console'] {
  const errors: string[] = [];
  const pageErrors: string[] = [];
  const keep = (list: string[], text: string): void => {
    if (list.length < MESSAGES_MAX) list.push(text.slice(0, MESSAGE_LENGTH));
  };
  page.on('console', (message) => {
    if (message.type() === 'error') keep(errors, message.text());
  });
  page.on('pageerror', (error) => keep(pageErrors, error.message));
  return () => ({ errors: [...errors], pageErrors: [...pageErrors] });
}

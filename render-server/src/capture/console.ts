import type { Page } from 'playwright-core';
import type { View } from '../evidence.ts';

const MESSAGES_MAX = 20;
const MESSAGE_LENGTH = 300;

/** Errors that the document shown wrote or threw: the first 20 of each kind. */
export class ConsoleLog {
  #log: View['console'] = { errors: [], pageErrors: [], foreignErrors: [] };

  constructor(page: Page) {
    page.on('console', (message) => {
      if (message.type() === 'error') keep(this.#log.errors, message.text());
    });
    page.on('pageerror', (error) => keep(isOwn(error, page.url()) ? this.#log.pageErrors : this.#log.foreignErrors, error.message));
  }

  /** What was said before belongs to a document that has sent the visitor on. */
  clear(): void {
    this.#log = { errors: [], pageErrors: [], foreignErrors: [] };
  }

  summary(): View['console'] {
    return structuredClone(this.#log);
  }
}

function keep(list: string[], text: string): void {
  if (list.length < MESSAGES_MAX) list.push(text.slice(0, MESSAGE_LENGTH));
}

/** Whether an error was thrown by a script of the page's own origin, by the first address in its stack. */
function isOwn(error: Error, pageUrl: string): boolean {
  const thrower = /https?:\/\/[^\s)]+/.exec((error.stack ?? '').replace(error.message, ''))?.[0] ?? '';
  return URL.canParse(thrower) && URL.canParse(pageUrl) && new URL(thrower).origin === new URL(pageUrl).origin;
}

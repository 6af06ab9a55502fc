import type { CDPSession } from 'playwright-core';
import { RenderError } from '../errors.ts';
import { within } from '../bounded.ts';
import { domKit } from './in-page/dom.ts';
import { colourKit } from './in-page/colours.ts';
import { nameKit } from './in-page/names.ts';
import { selectorKit } from './in-page/selectors.ts';
import { textKit } from './in-page/texts.ts';

/** The tools that every function run in a page is given. */
export type Kit =
  & ReturnType<typeof domKit>
  & ReturnType<typeof colourKit>
  & ReturnType<typeof nameKit>
  & ReturnType<typeof selectorKit>
  & ReturnType<typeof textKit>;

/**
 * A sandboxed document without scripts runs no timers, ours neither, so that a wait would have no end there;
 * scheduler.postTask is not held back.
 */
const KIT_SOURCE = `(() => {
  globalThis.setTimeout = (task, delay = 0) => { scheduler.postTask(task, { delay }); return 0; };
  const dom = (${String(domKit)})();
  const colours = (${String(colourKit)})(dom);
  const names = (${String(nameKit)})(dom);
  const selectors = (${String(selectorKit)})(dom);
  const texts = (${String(textKit)})(dom);
  return { ...dom, ...colours, ...names, ...selectors, ...texts };
})()`;

/** The most that one call may bring back, in characters of JSON: several times what the limits inside the page allow. */
const ANSWER_MAX = 8_000_000;

/** The page went to another document while it was being looked at. */
export class PageChanged extends Error {
  override readonly name = 'PageChanged';
}

/**
 * A JavaScript world of our own in the page's main frame: it sees the same document, but nothing that the
 * page's scripts did to Array, JSON or querySelector. It dies with the document.
 */
export class World {
  readonly #cdp: CDPSession;
  readonly #contextId: number;
  readonly #kitId: string;
  readonly #stepMs: number;

  private constructor(cdp: CDPSession, contextId: number, kitId: string, stepMs: number) {
    this.#cdp = cdp;
    this.#contextId = contextId;
    this.#kitId = kitId;
    this.#stepMs = stepMs;
  }

  /** @throws RenderError page_stuck when the page does not answer within `stepMs`, page_error when it has no document; PageChanged when it navigates meanwhile */
  static async open(cdp: CDPSession, stepMs: number): Promise<World> {
    return bounded(stepMs, async () => {
      const { frameTree } = await cdp.send('Page.getFrameTree');
      const { executionContextId } = await cdp.send('Page.createIsolatedWorld', { frameId: frameTree.frame.id, worldName: 'cro' });
      const kit = await cdp.send('Runtime.evaluate', { contextId: executionContextId, expression: KIT_SOURCE });
      if (kit.exceptionDetails !== undefined || kit.result.objectId === undefined) throw unmeasurable('the kit', kit.exceptionDetails);
      return new World(cdp, executionContextId, kit.result.objectId, stepMs);
    });
  }

  /**
   * Runs a self-contained function in the page. Its argument and its result travel as JSON.
   * @throws RenderError page_stuck; page_error when the function throws, as on a page built to make it; PageChanged
   */
  async run<A, R>(use: (kit: Kit, argument: A) => R | Promise<R>, argument: A): Promise<R> {
    const functionDeclaration = `async function (argument) {
      try {
        const text = JSON.stringify(await (${String(use)})(this, argument) ?? null);
        if (text.length > ${ANSWER_MAX}) throw new Error('the answer is too large');
        return this.isCurrent() ? text : null;
      } catch (error) {
        if (this.isCurrent()) throw error;
        return null;
      }
    }`;
    const text = await bounded(this.#stepMs, async () => {
      const answer = await this.#cdp.send('Runtime.callFunctionOn', {
        objectId: this.#kitId,
        functionDeclaration,
        arguments: [{ value: argument }],
        awaitPromise: true,
        returnByValue: true,
      });
      if (answer.exceptionDetails !== undefined) throw unmeasurable(use.name, answer.exceptionDetails);
      if (answer.result.value === null) throw new PageChanged('the page wrote its document anew');
      return String(answer.result.value);
    });
    return JSON.parse(text) as R;
  }

  /** Loads a script, such as a library, into this world. @throws RenderError page_stuck; page_error when it throws; PageChanged */
  async load(source: string): Promise<void> {
    await bounded(this.#stepMs, async () => {
      const { exceptionDetails } = await this.#cdp.send('Runtime.evaluate', { contextId: this.#contextId, expression: `${source};0` });
      if (exceptionDetails !== undefined) throw unmeasurable('a script', exceptionDetails);
    });
  }

  /** Ends whatever runs in the page, ours or its own. @throws RenderError page_stuck; PageChanged */
  async interrupt(): Promise<void> {
    await bounded(this.#stepMs, () => this.#cdp.send('Runtime.terminateExecution'));
  }
}

async function bounded<T>(ms: number, work: () => Promise<T>): Promise<T> {
  const late = (): Error => new RenderError('page_stuck', `The page kept the browser busy for ${ms / 1000} s: a script that does not end, or more content than a browser can lay out.`);
  try {
    return await within(work(), ms, late);
  } catch (error) {
    const changed = error instanceof Error && /context with specified id|context was destroyed|object with given id|navigated or closed|different contexts?/i.test(error.message);
    throw changed ? new PageChanged('the page went to another document', { cause: error }) : error;
  }
}

/** What of ours failed in the page is the page's doing: it took its document apart, or is far too large. */
function unmeasurable(what: string, details: { text: string; exception?: { description?: string } } | undefined): RenderError {
  const thrown = (details?.exception?.description ?? details?.text ?? 'no reason given').slice(0, 500);
  return new RenderError('page_error', 'The page could not be measured: its document is empty, far too large, or taken apart by its script.', { reason: 'unreadable', cause: new Error(`${what} failed in the page: ${thrown}`) });
}

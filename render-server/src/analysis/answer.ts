/** The shape of Claude's answer, and how it is read while it is still being written. */
import { JSONParser } from '@streamparser/json';
import { z } from 'zod/v4';
import { Draft } from './draft.ts';

/** Every field is required and there are no tuples: see the limits of Claude's schemas. */
export const Answer = z.object({
  /** Comes first, so that an answer cut short still has it. */
  summary: z.string(),
  findings: z.array(Draft),
});

/** Characters after which an answer is given up: several times what the output limit allows. */
const MAX_CHARACTERS = 256_000;

/** Takes an answer in pieces. Text that is not the JSON asked for leaves it incomplete, and is no error here. */
export class AnswerReader {
  summary: string | null = null;
  private readonly parser = new JSONParser({ paths: ['$.summary', '$.findings.*'], keepStack: false });
  private readonly drafts: Draft[] = [];
  private characters = 0;
  private ended = false;
  /** A finding did not have its shape; the others are still given out. */
  private malformed = false;
  private broken = false;

  constructor() {
    this.parser.onValue = ({ value, key }) => {
      if (key === 'summary') {
        if (typeof value === 'string') this.summary = value;
        return;
      }
      const draft = Draft.safeParse(value);
      if (draft.success) this.drafts.push(draft.data);
      else this.malformed = true;
    };
    this.parser.onEnd = () => {
      this.ended = true;
    };
    this.parser.onError = () => {
      this.broken = true;
    };
  }

  /** @returns the findings that this piece completes */
  write(text: string): Draft[] {
    this.characters += text.length;
    if (this.characters > MAX_CHARACTERS) this.broken = true;
    if (!this.broken && !this.ended) this.parser.write(text);
    return this.drafts.splice(0);
  }

  /** The whole answer was read, and it has its shape. */
  get complete(): boolean {
    return this.ended && this.summary !== null && !this.malformed;
  }
}

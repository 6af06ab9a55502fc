import { CODES, type Code } from '@cro-analyzer/protocol/codes';
import type { WireError } from '@cro-analyzer/protocol/messages';

/** What besides code and message an error may carry. */
export interface RenderErrorDetails {
  /** A finer, stable word within the code: for example `dns` within `page_unreachable`. */
  reason?: string;
  /** When it is worth trying again, in milliseconds. */
  retryAfterMs?: number;
  /** False where trying again cannot help, although it does for most errors of this code. */
  retryable?: false;
  /** What really happened: logged, never shown. */
  cause?: unknown;
}

/** The one error class: `message` is safe to show to a caller, `cause` is for the log. Match on `code`. */
export class RenderError extends Error {
  readonly code: Code;
  readonly reason: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly retryable: boolean;

  constructor(code: Code, message: string, details: RenderErrorDetails = {}) {
    super(message, { cause: details.cause });
    this.name = 'RenderError';
    this.code = code;
    this.reason = details.reason;
    this.retryAfterMs = details.retryAfterMs;
    this.retryable = details.retryable ?? CODES[code].retryable;
  }

  /** The shape that goes to callers. */
  toWire(): WireError {
    return {
      code: this.code,
      message: this.message,
      retryable: this.retryable,
      ...(this.reason === undefined ? {} : { reason: this.reason }),
      ...(this.retryAfterMs === undefined ? {} : { retryAfterMs: this.retryAfterMs }),
    };
  }

  /** Whatever was thrown as a RenderError: unknown things become `internal`, their text kept for the log alone. */
  static from(thrown: unknown): RenderError {
    if (thrown instanceof RenderError) return thrown;
    return new RenderError('internal', 'The server met an unexpected fault.', { cause: thrown });
  }
}

import { pino, stdSerializers, type Logger } from 'pino';

/** What may follow the path of an address in a message: tokens stand there. */
const AFTER_PATH = /\b((?:https?|wss?):\/\/[^\s?#"'<>]*)[?#][^\s"'<>]*/gi;

/** JSON lines on standard error: standard output belongs to what a command prints. */
export function createLogger(level: string): Logger {
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime, serializers: { err: serializeError } }, pino.destination({ dest: 2, sync: false }));
}

/** What happened and where, without the fields that libraries hang on their errors, and without queries in addresses. */
function serializeError(thrown: unknown): unknown {
  if (!(thrown instanceof Error)) return thrown === undefined ? undefined : withoutQueries(String(thrown));
  const { type, message, stack, code } = stdSerializers.err(thrown);
  return { type, message: withoutQueries(message), stack: withoutQueries(stack), ...(typeof code === 'string' ? { code } : {}) };
}

function withoutQueries(text: string): string {
  return text.replace(AFTER_PATH, '$1');
}

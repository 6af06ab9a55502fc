import { RenderClientError } from '@cro-analyzer/protocol/client';
import { CODES, type Code } from '@cro-analyzer/protocol/codes';
import { Connection } from '@cro-analyzer/protocol/connection';
import type {
  ICredentialDataDecryptedObject,
  ICredentialsDecrypted,
  ICredentialTestFunctions,
  INodeCredentialTestResult,
} from 'n8n-workflow';
import { abortableSleep } from './sleep.ts';

/** Type name of the credential that names the server. */
export const CREDENTIAL = 'croRenderServerApi';

/** Where the server is. `apiKey` is empty when the server asks for none. */
export interface Server {
  readonly url: string;
  readonly apiKey: string;
}

/** Why a server cannot be used, and what to do about it in words of its own, both safe to show. */
class ServerTrouble extends RenderClientError {
  readonly #advice: string;

  constructor(message: string, advice: string, code: Code = 'server_unreachable') {
    super({ code, message, retryable: CODES[code].retryable });
    this.#advice = advice;
  }

  override get advice(): string {
    return this.#advice;
  }
}

const ANSWER_WITHIN_MS = 10_000;

/** Reads the credential: no trailing slash, no blanks that came along when the key was pasted. */
export function readServer(credential: ICredentialDataDecryptedObject | undefined): Server {
  return {
    url: String(credential?.url ?? '').trim().replace(/\/+$/, ''),
    apiKey: String(credential?.apiKey ?? '').trim(),
  };
}

/**
 * Asks the server who it is, over HTTP and then over a WebSocket. A WebSocket that fails says 1006 and nothing else,
 * whatever went wrong; the HTTP call tells a refused connection, an unknown host, an untrusted certificate and a
 * wrong key apart. It uses `fetch` because that trusts the same certificates and takes the same route as the socket.
 * @throws RenderClientError when the server cannot be used
 */
export async function checkServer(server: Server, signal: AbortSignal = new AbortController().signal): Promise<void> {
  const { url, apiKey } = server;
  checkAddress(url);
  const response = await getSession(url, apiKey, signal);
  if (response.status === 401) {
    throw new ServerTrouble(
      apiKey === '' ? 'The render server asks for an API key' : 'The render server refused the API key',
      'Enter one of the keys in CRO_API_KEYS on the server.',
      'unauthorized',
    );
  }
  if (!response.ok || !(await hasVersion(response))) {
    throw new ServerTrouble(
      `${url} answers (HTTP ${response.status}), but not as a CRO render server does`,
      'Check the address and the port, and any proxy in between.',
    );
  }
  await checkSocket(server, signal);
}

function checkAddress(url: string): void {
  const advice = 'Write it as http://host:port or https://host.';
  // These two are not repeated, because a secret may stand in them.
  if (url.includes('@')) throw new ServerTrouble('The server address has a user name or password in it', `${advice} The key has a field of its own.`);
  if (/[?#]/.test(url)) throw new ServerTrouble('The server address has a query (?) or a hash (#)', advice);
  if (!/^https?:\/\/[^/]/i.test(url) || !URL.canParse(url)) throw new ServerTrouble(`"${url}" is not a server address`, advice);
}

/** Without this a proxy that passes HTTP alone would look like a server that is away, and be tried for minutes. */
async function checkSocket({ url, apiKey }: Server, signal: AbortSignal): Promise<void> {
  const answered = new AbortController();
  const { fatal } = await new Connection({
    url,
    subprotocol: 'cro.v1.msgpack',
    hello: { type: 'hello', client: 'n8n-nodes-cro-analyzer check', ...(apiKey === '' ? {} : { token: apiKey }) },
    sleep: abortableSleep,
    onFrame: () => answered.abort(),
  }).run(AbortSignal.any([signal, answered.signal]));
  if (fatal) throw new RenderClientError(fatal);
  if (answered.signal.aborted) return;
  throw new ServerTrouble(`${url} answers HTTP but refuses WebSockets`, 'Let the proxy in between pass the Upgrade and Connection headers.');
}

async function getSession(url: string, apiKey: string, signal: AbortSignal): Promise<Response> {
  const timeout = AbortSignal.timeout(ANSWER_WITHIN_MS);
  try {
    return await fetch(`${url}/v1/session`, {
      headers: apiKey === '' ? {} : { Authorization: `Bearer ${apiKey}` },
      redirect: 'manual',
      signal: AbortSignal.any([signal, timeout]),
    });
  } catch (error) {
    throw timeout.aborted ? noAnswer(url, 'it did not answer in time') : explainFailure(url, causeCode(error));
  }
}

/** The credential's test, as n8n calls it. */
export async function testCroRenderServer(
  this: ICredentialTestFunctions,
  credential: ICredentialsDecrypted<ICredentialDataDecryptedObject>,
): Promise<INodeCredentialTestResult> {
  try {
    await checkServer(readServer(credential.data));
    return { status: 'OK', message: 'Connection successful!' };
  } catch (error) {
    const advice = error instanceof RenderClientError ? `. ${error.advice}` : '';
    return { status: 'Error', message: `${error instanceof Error ? error.message : String(error)}${advice}` };
  }
}

async function hasVersion(response: Response): Promise<boolean> {
  const body: unknown = await response.json().catch(() => undefined);
  return typeof body === 'object' && body !== null && 'version' in body;
}

function explainFailure(url: string, code: string): ServerTrouble {
  if (code === 'ECONNREFUSED') return noAnswer(url, 'the connection was refused');
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return noAnswer(url, 'its host name is not known here');
  if (code.startsWith('ERR_SSL_')) return noAnswer(url, 'it does not speak TLS: try http://');
  if (/^(UND_ERR_SOCKET|ECONNRESET|HPE_)/.test(code)) {
    return noAnswer(url, `it cut the connection${/^http:/i.test(url) ? ': try https://' : ''}`);
  }
  if (/CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS/.test(code)) {
    return new ServerTrouble(
      `The certificate of ${url} is not trusted (${code})`,
      'For a certificate of your own, name its authority in NODE_EXTRA_CA_CERTS where n8n runs.',
    );
  }
  return noAnswer(url, code);
}

function noAnswer(url: string, why: string): ServerTrouble {
  return new ServerTrouble(
    `No render server can be reached at ${url}: ${why}`,
    'Start the server, or correct the address. Inside Docker, 127.0.0.1 is the n8n container itself.',
  );
}

/** The system's code beneath a failed fetch, which hides it in its cause. */
function causeCode(error: unknown): string {
  const cause = error instanceof Error ? error.cause ?? error : error;
  if (cause instanceof Error) return 'code' in cause ? String(cause.code) : cause.message;
  return String(cause);
}

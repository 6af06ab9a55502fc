import { RenderClient, type Sleep } from '@cro-analyzer/protocol/client';
import type { ICredentialDataDecryptedObject, IExecuteFunctions } from 'n8n-workflow';
import { sleep } from 'n8n-workflow';
import { CREDENTIAL, checkServer, readServer, type Server } from './server.ts';

/** A render server that has answered, and the one socket to it. Close the client on every path. */
export interface Connection {
  readonly server: Server;
  readonly client: RenderClient;
}

/**
 * Reads the credential, asks the server who it is, and prepares the client, which opens its socket with the first job.
 * @throws ServerTrouble that says why the server cannot be used
 */
export async function connect(this: IExecuteFunctions): Promise<Connection> {
  const server = readServer(await this.getCredentials<ICredentialDataDecryptedObject>(CREDENTIAL));
  await checkServer(server, this.getExecutionCancelSignal());
  const { url, apiKey: token } = server;
  const client = new RenderClient({
    url,
    client: `n8n-nodes-cro-analyzer ${this.getNode().typeVersion}`,
    sleep: abortableSleep,
    ...(token === '' ? {} : { token }),
  });
  return { server, client };
}

/** n8n lets a node sleep but not set timers of its own, and its sleep takes no signal. */
const abortableSleep: Sleep = async (ms, signal) => {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await Promise.race([sleep(ms), aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
};

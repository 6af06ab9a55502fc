import { RenderClient } from '@cro-analyzer/protocol/client';
import type { ICredentialDataDecryptedObject, IExecuteFunctions } from 'n8n-workflow';
import { CREDENTIAL, checkServer, readServer, type Server } from './server.ts';
import { abortableSleep } from './sleep.ts';

/** A render server that has answered, and the one socket to it. Close the client on every path. */
export interface Connection {
  readonly server: Server;
  readonly client: RenderClient;
}

/**
 * Reads the credential, asks the server who it is, and prepares the client, which opens its socket with the first job.
 * @throws RenderClientError that says why the server cannot be used
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

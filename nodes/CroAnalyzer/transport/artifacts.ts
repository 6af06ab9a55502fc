import type { AnalysisResult } from '@cro-analyzer/protocol/messages';
import type { IBinaryKeyData, IExecuteFunctions } from 'n8n-workflow';
import { CREDENTIAL, type Server } from './server.ts';

export type Artifact = AnalysisResult['artifacts'][number];

const ANSWER_WITHIN_MS = 60_000;

/**
 * Fetches artifacts as binary data, each under a name of its own: `screenshot_desktop`, `screenshot_mobile`,
 * `report_html`.
 */
export async function fetchArtifacts(this: IExecuteFunctions, server: Server, artifacts: readonly Artifact[]): Promise<IBinaryKeyData> {
  const binary: IBinaryKeyData = {};
  const stop = this.getExecutionCancelSignal();
  for (const artifact of artifacts) {
    const content: ArrayBuffer = await this.helpers.httpRequestWithAuthentication.call(this, CREDENTIAL, {
      url: `${server.url}${artifact.href}`,
      encoding: 'arraybuffer',
      timeout: ANSWER_WITHIN_MS,
      ...(stop ? { abortSignal: stop } : {}),
    });
    binary[binaryName(artifact)] = await this.helpers.prepareBinaryData(Buffer.from(content), artifact.name, artifact.contentType);
  }
  return binary;
}

function binaryName({ kind, device, name }: Artifact): string {
  return `${kind}_${device ?? name.split('.').at(-1)}`;
}

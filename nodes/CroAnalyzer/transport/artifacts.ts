import type { AnalysisResult } from '@cro-analyzer/protocol/messages';
import type { IBinaryKeyData, IExecuteFunctions } from 'n8n-workflow';
import { CREDENTIAL, type Server } from './server.ts';

export type Artifact = AnalysisResult['artifacts'][number];

const ANSWER_WITHIN_MS = 60_000;

/**
 * Fetches artifacts as binary data, each under a name of its own: `report_html`, then `screenshot_desktop`,
 * `screenshot_desktop_2`, `screenshot_mobile`.
 * @param pageUrl names the files after its host, so that those of several sites can lie in one folder
 */
export async function fetchArtifacts(this: IExecuteFunctions, server: Server, artifacts: readonly Artifact[], pageUrl: string): Promise<IBinaryKeyData> {
  const binary: IBinaryKeyData = {};
  const stop = this.getExecutionCancelSignal();
  const { hostname } = new URL(pageUrl);
  const reportFirst = artifacts.toSorted((a, b) => Number(b.kind === 'report') - Number(a.kind === 'report'));
  for (const artifact of reportFirst) {
    const content: ArrayBuffer = await this.helpers.httpRequestWithAuthentication.call(this, CREDENTIAL, {
      url: `${server.url}${artifact.href}`,
      encoding: 'arraybuffer',
      timeout: ANSWER_WITHIN_MS,
      ...(stop ? { abortSignal: stop } : {}),
    });
    binary[binaryName(artifact)] = await this.helpers.prepareBinaryData(Buffer.from(content), `${hostname}-${artifact.name}`, artifact.contentType);
  }
  return binary;
}

/** A long page has several pictures: `mobile-1.jpg` is `screenshot_mobile`, `mobile-2.jpg` is `screenshot_mobile_2`. */
function binaryName({ kind, device, name }: Artifact): string {
  const [base = '', ending = ''] = name.split('.');
  if (device === null) return `${kind}_${ending}`;
  const part = base.split('-').at(-1) ?? '1';
  return part === '1' ? `${kind}_${device}` : `${kind}_${device}_${part}`;
}

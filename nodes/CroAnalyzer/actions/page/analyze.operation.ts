import type { Job } from '@cro-analyzer/protocol/client';
import type { AnalysisRequestInput, AnalysisResult } from '@cro-analyzer/protocol/messages';
import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { NodeOperationError } from 'n8n-workflow';
import { fetchArtifacts } from '../../transport/artifacts.ts';
import { connect, type Connection } from '../../transport/connection.ts';
import { toNodeError } from '../../transport/errors.ts';
import { toJson, type OutputOptions } from './output.ts';
import { summarize, type PageOutcome } from './summary.ts';

/** The collection "Options" as n8n gives it: only what the user added, each in the type of its parameter. */
type Options = Omit<AnalysisRequestInput, 'url' | 'deadlineMs'> & { deadlineSeconds?: number };

/**
 * Analyses the page of every item over one socket and returns their items in the order of the input. The server's
 * credit sets the pace. Stop cancels what is open on the server; so does the first failure, unless the node is set
 * to continue on failure.
 */
export async function analyze(this: IExecuteFunctions): Promise<INodeExecutionData[]> {
  const giveUp = new AbortController();
  const stop = this.getExecutionCancelSignal();
  const signal = stop ? AbortSignal.any([stop, giveUp.signal]) : giveUp.signal;
  // Awaited by each item, so that a server that cannot be used is an error of each item too.
  const connection = connect.call(this);
  try {
    const outcomes = await Promise.all(this.getInputData().map(async (_item, itemIndex) => {
      try {
        return await analyzePage.call(this, await connection, itemIndex, signal);
      } catch (error) {
        const nodeError = toNodeError(this.getNode(), error, itemIndex);
        if (!this.continueOnFail()) throw nodeError;
        return { items: [{ json: { error: nodeError.message }, error: nodeError, pairedItem: { item: itemIndex } }] };
      }
    }));
    this.addExecutionHints(...summarize(outcomes));
    return outcomes.flatMap(({ items }) => items);
  } finally {
    giveUp.abort();
    await connection.then(({ client }) => client.close(), () => {});
  }
}

async function analyzePage(this: IExecuteFunctions, { client, server }: Connection, itemIndex: number, signal: AbortSignal): Promise<PageOutcome> {
  const files = this.getNodeParameter('files', itemIndex, []) as string[];
  const job = client.submit(readRequest.call(this, itemIndex, files), { signal });
  const [result] = await Promise.all([job.result, showProgress.call(this, job, itemIndex)]);
  const output: OutputOptions = {
    per: this.getNodeParameter('output', itemIndex) as OutputOptions['per'],
    simplify: this.getNodeParameter('simplify', itemIndex) as boolean,
  };
  const wanted = result.artifacts.filter(({ kind }) => files.includes(kind));
  const binary = wanted.length > 0 ? await fetchArtifacts.call(this, server, wanted) : undefined;
  return {
    items: toJson(result, output).map((json) => ({ json, pairedItem: { item: itemIndex }, ...(binary ? { binary } : {}) })),
    result: totals(result),
  };
}

function readRequest(this: IExecuteFunctions, itemIndex: number, files: string[]): AnalysisRequestInput {
  const url = String(this.getNodeParameter('url', itemIndex)).trim();
  if (url === '') {
    throw new NodeOperationError(this.getNode(), 'bad_request: the URL is empty', {
      itemIndex,
      description: 'Check the expression in the parameter URL: it gave nothing for this item.',
    });
  }
  const { deadlineSeconds, ...options } = this.getNodeParameter('options', itemIndex, {}) as Options;
  const given = Object.entries(options).filter(([, value]) => value !== '');
  return {
    ...Object.fromEntries(given),
    url,
    screenshots: files.includes('screenshot'),
    ...(deadlineSeconds === undefined ? {} : { deadlineMs: Math.round(deadlineSeconds * 1000) }),
  };
}

/** In a run that somebody watches, the browser's console says how far each page is. */
async function showProgress(this: IExecuteFunctions, job: Job, itemIndex: number): Promise<void> {
  if (this.getMode() !== 'manual') return;
  for await (const event of job) {
    if (event.type !== 'progress') continue;
    this.sendMessageToUI(`Page ${itemIndex + 1}: ${event.stage}, ${Math.round(event.fraction * 100)} %. ${event.message}`);
  }
}

function totals({ findings, usage, analyst }: AnalysisResult): NonNullable<PageOutcome['result']> {
  return { findings: findings.length, costUsd: usage.costUsd, note: analyst.note };
}

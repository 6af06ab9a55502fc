import type { Job } from '@cro-analyzer/protocol/client';
import type { AnalysisResult } from '@cro-analyzer/protocol/messages';
import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { fetchArtifacts } from '../../transport/artifacts.ts';
import { connect, type Connection } from '../../transport/connection.ts';
import { toErrorJson, toNodeError } from './failure.ts';
import { toJson } from './output.ts';
import { submitKey } from './retry.ts';
import { summarize, type PageOutcome } from './summary.ts';
import { readTask, type Task } from './task.ts';

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
      let url: string | undefined;
      try {
        const task = readTask.call(this, itemIndex);
        ({ url } = task.request);
        return await analyzePage.call(this, await connection, task, itemIndex, signal);
      } catch (error) {
        const nodeError = toNodeError(this.getNode(), error, itemIndex, url);
        if (!this.continueOnFail()) throw nodeError;
        return { items: [{ json: toErrorJson(error, nodeError, url), pairedItem: { item: itemIndex } }] };
      }
    }));
    this.addExecutionHints(...summarize(outcomes));
    return outcomes.flatMap(({ items }) => items);
  } finally {
    giveUp.abort();
    await connection.then(({ client }) => client.close(), () => {});
  }
}

async function analyzePage(this: IExecuteFunctions, { client, server }: Connection, { request, output, files }: Task, itemIndex: number, signal: AbortSignal): Promise<PageOutcome> {
  const { idempotencyKey, keep } = submitKey.call(this, itemIndex, request);
  const job = client.submit(request, { signal, idempotencyKey });
  const [result] = await Promise.all([job.result, showProgress.call(this, job, itemIndex)]);
  keep();
  const wanted = result.artifacts.filter(({ kind }) => files.includes(kind));
  const binary = wanted.length > 0 ? await fetchArtifacts.call(this, server, wanted, result.page.url) : undefined;
  return {
    items: toJson(result, output).map((json) => ({ json, pairedItem: { item: itemIndex }, ...(binary ? { binary } : {}) })),
    result: totals(result),
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

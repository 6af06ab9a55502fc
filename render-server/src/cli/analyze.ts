import { mkdir, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { RenderClient, RenderClientError } from '@cro-analyzer/protocol/client';
import { AnalysisRequest, type AnalysisRequestInput, type AnalysisResult } from '@cro-analyzer/protocol/messages';
import { startApp } from '../app.ts';
import { ConfigError, loadConfig } from '../config.ts';
import { RenderError } from '../errors.ts';
import { validate } from '../gateway/admission.ts';
import { findingsTable, ProgressBar } from './output.ts';

export interface AnalyzeOptions {
  json?: boolean;
  goal?: string;
  language?: string;
  analyst?: string;
  out: string;
}

/** `cro analyze`: exit code 0 with findings, 1 with a message that says what went wrong. */
export async function analyzeCommand(url: string, options: AnalyzeOptions): Promise<void> {
  const { json, out, ...wanted } = options;
  try {
    const request = validate(AnalysisRequest, { url, ...wanted }, 'request');
    const { result, report } = await analyze(request, { out });
    process.stdout.write(json ? `${JSON.stringify(result, null, 2)}\n` : findingsTable(result, report));
  } catch (error) {
    process.stderr.write(`${explain(error)}\n`);
    process.exitCode = 1;
  }
}

/**
 * Analyses one page with a server of its own on a free port, over the real socket, with a progress bar on standard error.
 * @param options.out folder for the report
 * @param options.allowHosts private hosts that this run may open
 */
export async function analyze(
  request: AnalysisRequestInput, options: { out: string; allowHosts?: string },
): Promise<{ result: AnalysisResult; report: string }> {
  const config = loadConfig();
  const app = await startApp({
    ...config,
    CRO_HOST: '127.0.0.1', CRO_PORT: 0, CRO_API_KEYS: [], CRO_BROWSERS: 1,
    CRO_ALLOW_HOSTS: [...config.CRO_ALLOW_HOSTS, ...(options.allowHosts ? [options.allowHosts] : [])],
    CRO_LOG_LEVEL: 'error',
  });
  const client = new RenderClient({ url: app.url, client: 'cro analyze', sleep: (ms, signal) => delay(ms, undefined, { signal }) });
  const interrupt = new AbortController();
  const onSignal = (): void => interrupt.abort();
  process.once('SIGINT', onSignal);
  try {
    const job = client.submit(request, { signal: interrupt.signal });
    const bar = new ProgressBar(process.stderr);
    for await (const event of job) if (event.type === 'progress') bar.show(event.fraction, event.message);
    bar.end();
    const result = await job.result;
    return { result, report: await saveReport(app.url, result, options.out) };
  } finally {
    process.off('SIGINT', onSignal);
    await client.close();
    await app.stop(0);
  }
}

async function saveReport(server: string, result: AnalysisResult, folder: string): Promise<string> {
  const artifact = result.artifacts.find(({ kind }) => kind === 'report');
  if (!artifact) throw new Error('the result has no report');
  const response = await fetch(new URL(artifact.href, server));
  if (!response.ok) throw new Error(`the report could not be fetched: HTTP ${response.status}`);
  const stamp = new Date().toISOString().slice(0, 19).replace(/[:T]/g, '-');
  const path = resolve(folder, `${new URL(result.page.url).hostname}-${stamp}.html`);
  await mkdir(folder, { recursive: true });
  await writeFile(path, Buffer.from(await response.arrayBuffer()));
  return path;
}

function explain(error: unknown): string {
  if (error instanceof RenderClientError) return `${error.code}: ${error.message}\n${error.advice}`;
  if (error instanceof RenderError) return `${error.code}: ${error.message}`;
  if (error instanceof ConfigError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

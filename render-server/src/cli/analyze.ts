import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { RenderClient } from '@cro-analyzer/protocol/client';
import { AnalysisRequest, type AnalysisRequestInput, type AnalysisResult } from '@cro-analyzer/protocol/messages';
import { startApp } from '../app.ts';
import { loadConfig } from '../config.ts';
import { explainFailure } from '../explain.ts';
import { validate } from '../validate.ts';
import { findingsTable, ProgressBar } from './output.ts';

export interface AnalyzeOptions {
  json?: boolean;
  goal?: string;
  language?: string;
  analyst?: string;
  out: string;
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** `cro analyze`: exit code 0 with findings, 1 with a message that says what went wrong. */
export async function analyzeCommand(url: string, options: AnalyzeOptions): Promise<void> {
  const { json, out, ...wanted } = options;
  try {
    const request = validate(AnalysisRequest, { url, ...wanted }, 'request');
    const { result, folder } = await analyze(request, { out });
    process.stdout.write(json ? `${JSON.stringify(result, null, 2)}\n` : findingsTable(result, folder));
  } catch (error) {
    process.stderr.write(`${explainFailure(error)}\n`);
    process.exitCode = 1;
  }
}

/**
 * Analyses one page with a server of its own on a free port, over the real socket, with a progress bar on standard error.
 * @param options.out where the folder with report, screenshots and result is made
 * @param options.allowHosts private hosts that this run may open
 */
export async function analyze(
  request: AnalysisRequestInput, options: { out: string; allowHosts?: string },
): Promise<{ result: AnalysisResult; folder: string }> {
  const config = loadConfig();
  await mkdir(options.out, { recursive: true }); // before anything is spent
  // What is worth keeping is saved beside the report; the data folder may belong to a server that is running.
  const dataDir = await mkdtemp(join(tmpdir(), 'cro-analyze-'));
  try {
    const app = await startApp({
      ...config,
      CRO_DATA_DIR: dataDir, CRO_HOST: '127.0.0.1', CRO_PORT: 0, CRO_API_KEYS: [], CRO_BROWSERS: 1,
      CRO_ALLOW_HOSTS: [...config.CRO_ALLOW_HOSTS, ...(options.allowHosts ? [options.allowHosts] : [])],
      CRO_LOG_LEVEL: 'error',
    });
    try {
      const result = await submit(app.url, request);
      return { result, folder: await save(app.url, result, options.out) };
    } finally {
      await app.stop(0);
    }
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function submit(server: string, request: AnalysisRequestInput): Promise<AnalysisResult> {
  const client = new RenderClient({ url: server, client: 'cro analyze', sleep: (ms, signal) => delay(ms, undefined, { signal }) });
  const interrupt = new AbortController();
  const onSignal = (): void => interrupt.abort();
  for (const name of SIGNALS) process.once(name, onSignal);
  const bar = new ProgressBar(process.stderr);
  try {
    const job = client.submit(request, { signal: interrupt.signal });
    for await (const event of job) if (event.type === 'progress') bar.show(event.fraction, event.message);
    return await job.result;
  } finally {
    bar.end();
    for (const name of SIGNALS) process.off(name, onSignal);
    await client.close();
  }
}

/** Writes report, screenshots and result into a folder of their own; returns its path. */
async function save(server: string, result: AnalysisResult, out: string): Promise<string> {
  const stamp = new Date().toISOString().slice(0, 19).replace(/[:T]/g, '-');
  const folder = resolve(out, `${new URL(result.page.url).hostname}-${stamp}`);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'result.json'), JSON.stringify(result, null, 2));
  for (const { href, name } of result.artifacts) {
    const response = await fetch(new URL(href, server));
    if (!response.ok) throw new Error(`${name} could not be fetched: HTTP ${response.status}`);
    await writeFile(join(folder, name), Buffer.from(await response.arrayBuffer()));
  }
  return folder;
}

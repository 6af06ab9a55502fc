import { join } from 'node:path';
import { styleText } from 'node:util';
import type { AnalysisResult, Level } from '@cro-analyzer/protocol/messages';

const WIDTH = 30;

/** A bar on a terminal; on anything else one line for each new message. */
export class ProgressBar {
  readonly #stream: NodeJS.WriteStream;
  #last = '';

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  /** @param fraction 0-1 */
  show(fraction: number, message: string): void {
    const percent = `${Math.round(fraction * 100)}%`.padStart(4);
    if (this.#stream.isTTY) {
      const full = Math.round(fraction * WIDTH);
      this.#stream.write(`\r\x1b[2K${'█'.repeat(full)}${'░'.repeat(WIDTH - full)} ${percent}  ${message}`);
    } else if (message !== this.#last) {
      this.#stream.write(`${percent}  ${message}\n`);
    }
    this.#last = message;
  }

  end(): void {
    if (this.#stream.isTTY) this.#stream.write('\r\x1b[2K');
  }
}

/** A result for people: findings as a table, then scores, cost and where the report is. */
export function findingsTable(result: AnalysisResult, folder: string): string {
  const { page, findings, scores, usage, analyst } = result;
  const head = ['#', 'severity', 'finding', 'where', 'devices'];
  const rows = findings.map((finding, index) => [
    String(index + 1), finding.severity, finding.title, finding.section, finding.devices.join(', '),
  ]);
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: string[]): string => cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd();
  const tokens = usage.inputTokens + usage.outputTokens + usage.cacheReadTokens + usage.cacheWriteTokens;
  return [
    '',
    styleText('bold', `${page.title || page.url}`),
    page.url,
    '',
    result.summary,
    '',
    styleText('bold', line(head)),
    ...rows.map((row, index) => styleText(colour(findings[index]?.severity), line(row))),
    '',
    `Scores      ${Object.entries(scores).map(([name, { value }]) => `${name} ${value ?? 'not measured'}`).join(' · ')}`,
    `Written by  ${analyst.name === 'claude' ? `Claude (${analyst.model})` : 'the rules analyst'}${tokens > 0 ? `, ${tokens} tokens${usage.costUsd === null ? '' : `, $${usage.costUsd.toFixed(4)}`}` : ''}`,
    ...(analyst.note ? [`            ${analyst.note}`] : []),
    `Took        ${((usage.timings.total ?? 0) / 1000).toFixed(1)} s`,
    `Report      ${join(folder, 'report.html')}`,
    "            with its screenshots and result.json in the same folder",
    '',
  ].join('\n');
}

function colour(severity: Level | undefined): 'red' | 'yellow' | 'dim' {
  return severity === 'high' ? 'red' : severity === 'medium' ? 'yellow' : 'dim';
}

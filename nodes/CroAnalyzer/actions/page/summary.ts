import type { INodeExecutionData, NodeExecutionHint } from 'n8n-workflow';

/** What became of one page: its items, and what the summary needs of its result (none when it failed). */
export interface PageOutcome {
  readonly items: INodeExecutionData[];
  readonly result?: { readonly findings: number; readonly costUsd: number | null; readonly note: string | null };
}

/** The hints shown with the output: pages, findings and cost, and why an analyst other than the one asked for wrote. */
export function summarize(outcomes: readonly PageOutcome[]): NodeExecutionHint[] {
  const results = outcomes.flatMap(({ result }) => result ?? []);
  const failed = outcomes.length - results.length;
  const findings = results.reduce((sum, result) => sum + result.findings, 0);
  const cost = results.reduce((sum, result) => sum + (result.costUsd ?? 0), 0);
  const message = [
    `${count(results.length, 'page')} analyzed, ${count(findings, 'finding')}`,
    failed > 0 ? `, ${failed} failed` : '',
    cost > 0 ? `. Claude cost $${cost.toFixed(4)}` : '',
    results.some(({ costUsd }) => costUsd === null) ? '. The price of a model used is not known' : '',
    '.',
  ].join('');
  const notes = new Set(results.flatMap(({ note }) => note ?? []));
  return [
    { message, type: failed > 0 ? 'warning' : 'info', location: 'outputPane' },
    ...[...notes].map((note) => ({ message: note, type: 'warning', location: 'outputPane' }) as const),
  ];
}

function count(number: number, thing: string): string {
  return `${number} ${thing}${number === 1 ? '' : 's'}`;
}

import { AnalysisRequest } from '@cro-analyzer/protocol/messages';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DEFECTS, startDemoShop } from '../../examples/demo/shop.mts';
import { rulesAnalyst } from '../../render-server/src/analysis/rules.ts';
import { capturePage } from '../../render-server/src/capture/capture.ts';
import { runChecks } from '../../render-server/src/checks/run.ts';
import { startPageSource } from '../support/page-source.ts';

const ALL = DEFECTS.map((defect) => defect.id);
const BOUND_MS = 60_000;

let source: Awaited<ReturnType<typeof startPageSource>>;
beforeAll(async () => { source = await startPageSource(); });
afterAll(() => source.close());

/** Ids of the checks behind each finding about a shop with these defects, in order of the alphabet; a finding's own are joined. */
async function findingsOf(defects: readonly string[]): Promise<string[]> {
  const shop = await startDemoShop({ defects });
  try {
    const signal = AbortSignal.timeout(BOUND_MS);
    const request = AnalysisRequest.parse({ url: shop.url, maxFindings: 30 });
    const evidence = await capturePage(source, request, { signal, onStage: () => {} });
    const { findings, rejected } = await rulesAnalyst.analyse({ request, evidence, checks: runChecks(evidence) }, { signal, onFinding: () => {} });
    expect(rejected).toEqual([]);
    for (const finding of findings) expect(finding.verdict).toBe('confirmed');
    return findings.map((finding) => [...new Set(finding.checks.map((key) => key.split('@')[0]))].join('+')).sort();
  } finally {
    await shop.close();
  }
}

/** Ids of the checks that these defects trip. */
function checksOf(defects: readonly string[]): string[] {
  return DEFECTS.filter((defect) => defects.includes(defect.id)).map((defect) => defect.check).sort();
}

describe('the demo shop', { timeout: BOUND_MS }, () => {
  test('gives no finding when it has no defect', async () => {
    expect(await findingsOf([])).toEqual([]);
  });

  test('gives exactly one finding for each of its defects', async () => {
    expect(await findingsOf(ALL)).toEqual(checksOf(ALL));
  });

  test.each(DEFECTS)('loses the finding of $check and no other when $id is fixed', async ({ id }) => {
    const rest = ALL.filter((other) => other !== id);
    expect(await findingsOf(rest)).toEqual(checksOf(rest));
  });

  test('gives every finding again when the fixed defect is back', async () => {
    expect(await findingsOf([...ALL.slice(1), ...ALL.slice(0, 1)])).toEqual(checksOf(ALL));
  });

  test('refuses a defect that it does not know', async () => {
    await expect(startDemoShop({ defects: ['no-such-defect'] })).rejects.toThrow('no-such-defect');
  });

  test('leaves its port free when it is closed', async () => {
    const first = await startDemoShop();
    await first.close();
    const second = await startDemoShop({ port: Number(new URL(first.url).port) });
    await second.close();
    expect(second.url).toBe(first.url);
  });
});

import { AnalysisRequest } from '@cro-analyzer/protocol/messages';
import { expect, test } from 'vitest';
import { rulesAnalyst } from '../../render-server/src/analysis/rules.ts';
import { runChecks } from '../../render-server/src/checks/run.ts';
import { scoresOf } from '../../render-server/src/checks/scores.ts';
import { useCapturing } from '../support/capturing.ts';
import { testSites } from '../support/site.ts';

const { capture } = useCapturing();

test.each(['/product', '/saas', '/lead', '/german', '/japanese', '/article', '/pricing'])('nothing is found wrong with %s', async (path) => {
  const evidence = await capture(testSites(), { path, devices: ['desktop', 'mobile'] });
  const checks = runChecks(evidence);
  const request = AnalysisRequest.parse({ url: evidence.url, maxFindings: 30 });
  const { findings } = await rulesAnalyst.analyse({ request, evidence, checks }, { signal: AbortSignal.timeout(10_000), onFinding: () => {} });
  expect(findings.map(({ title, whatIsWrong }) => `${title}: ${whatIsWrong}`)).toEqual([]);
  expect(scoresOf(checks).mobile.value).toBe(100);
});

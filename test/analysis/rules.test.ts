import { AnalysisRequest, Finding, type Check, type CheckStatus } from '@cro-analyzer/protocol/messages';
import { describe, expect, test } from 'vitest';
import { rulesAnalyst } from '../../render-server/src/analysis/rules.ts';
import { WORDINGS } from '../../render-server/src/analysis/wording/table.ts';
import { runChecks } from '../../render-server/src/checks/run.ts';
import type { Evidence } from '../../render-server/src/evidence.ts';
import { bareView, buttonOf, overlayOf, pageWith, textOf } from '../support/page-parts.ts';

async function analyse(evidence: Evidence, request: Partial<AnalysisRequest> = {}, checks = runChecks(evidence)) {
  const shown: Finding[] = [];
  const asked = { ...AnalysisRequest.parse({ url: evidence.requestedUrl, maxFindings: 30 }), ...request };
  const opinion = await rulesAnalyst.analyse({ request: asked, evidence, checks }, { signal: new AbortController().signal, onFinding: (finding) => shown.push(finding) });
  return { ...opinion, shown };
}

/** A shop page whose button is vague and too far down on both devices. */
function faultyPage(): Evidence {
  const button = { text: 'Continue', name: 'Continue', box: { x: 0, y: 1400, width: 200, height: 48 }, inFirstScreen: false, covered: null };
  const text = textOf('Continue', '');
  return pageWith({}, {
    views: [
      bareView({ elements: [buttonOf({ id: 'd1', ...button })], text }),
      bareView({ elements: [buttonOf({ id: 'm1', ...button })], text }, 'mobile'),
    ],
  });
}

describe('the rules analyst', () => {
  test('says one fault of two devices in one finding, with both elements and both checks', async () => {
    const { findings } = await analyse(faultyPage());
    const fold = findings.find((finding) => finding.checks.includes('cta.fold@mobile'));
    expect(fold).toMatchObject({ devices: ['desktop', 'mobile'], checks: ['cta.fold@desktop', 'cta.fold@mobile'], verdict: 'confirmed' });
    expect(fold?.elements.map((element) => element.id)).toEqual(['d1', 'm1']);
  });

  test('names the element and the numbers it measured', async () => {
    const { findings } = await analyse(faultyPage());
    const fold = findings.find((finding) => finding.checks.includes('cta.fold@mobile'));
    expect(fold?.title).toContain('"Continue"');
    expect(fold?.whatIsWrong).toContain('1448 px');
    expect(fold?.whatIsWrong).toContain('844 px');
  });

  test('gives each finding an id, reports all of them as they are written, and matches the wire format', async () => {
    const { findings, shown } = await analyse(faultyPage());
    expect(shown).toEqual(findings);
    expect(new Set(findings.map((finding) => finding.id)).size).toBe(findings.length);
    for (const finding of findings) expect(Finding.safeParse(finding).error).toBeUndefined();
  });

  test('keeps to the number of findings and to the focus that were asked for', async () => {
    expect((await analyse(faultyPage(), { maxFindings: 2 })).findings).toHaveLength(2);
    const { findings } = await analyse(faultyPage(), { focus: ['attention'] });
    expect(new Set(findings.map((finding) => finding.category))).toEqual(new Set(['attention']));
  });

  test('writes English without a model and at no cost', async () => {
    expect(await analyse(faultyPage())).toMatchObject({ language: 'en', model: null, usage: { inputTokens: 0, outputTokens: 0, costUsd: 0 } });
  });

  test('tells an overlay that covers and blocks in one finding', async () => {
    const overlays = [overlayOf({ box: { x: 0, y: 0, width: 1440, height: 900 }, coverage: 1, blocked: 1 })];
    const { findings } = await analyse(pageWith({ overlays }), { focus: ['interruption'] });
    expect(findings.map((finding) => finding.checks)).toEqual([['overlay.coverage@desktop', 'overlay.blocking@desktop']]);
  });

  test('tells a button beneath an overlay with it, and one beneath something else on its own', async () => {
    const views = (['desktop', 'mobile'] as const).map((device) => bareView({ elements: [buttonOf({ id: `${device}1`, covered: 1 })] }, device));
    const [desktop, mobile] = views;
    if (desktop === undefined || mobile === undefined) throw new Error('no views');
    desktop.overlays = [overlayOf({ box: { x: 0, y: 0, width: 1440, height: 900 }, coverage: 1, blocked: 1 })];
    const { findings } = await analyse(pageWith({}, { views }));
    const told = findings.map((finding) => finding.checks).filter((checks) => /cover/.test(checks.join()));
    expect(told).toEqual([['cta.covered@mobile'], ['overlay.coverage@desktop', 'cta.covered@desktop', 'overlay.blocking@desktop']]);
    expect(findings.find((finding) => finding.checks.includes('overlay.coverage@desktop'))?.category).toBe('interruption');
  });

  test('numbers its findings apart from those of Claude, and calls grave only what fails', async () => {
    const { findings } = await analyse(faultyPage());
    expect(findings.map(({ id }) => id)).toEqual(findings.map((_, index) => `r${index + 1}`));
    const severityOf = (key: string) => findings.find((finding) => finding.checks.includes(key))?.severity;
    expect([severityOf('cta.fold@mobile'), severityOf('headline.present@mobile')]).toEqual(['medium', 'medium']);
    const failing = runChecks(faultyPage()).map((check): Check => ({ ...check, status: check.id === 'cta.fold' ? 'fail' : 'pass' }));
    expect((await analyse(faultyPage(), {}, failing)).findings.map(({ severity }) => severity)).toEqual(['high']);
  });

  test('names the page by what it is about', async () => {
    expect((await analyse({ ...faultyPage(), title: 'The Blue Mug | Harrow Goods' })).summary).toMatch(/^"The Blue Mug" has/);
  });

  test('does not advise to postpone a consent notice', async () => {
    const advice = async (kind: 'cookie' | 'dialog') => {
      const overlays = [overlayOf({ kind, box: { x: 0, y: 600, width: 1440, height: 300 }, coverage: 0.33, blocked: 0.3 })];
      const { findings } = await analyse(pageWith({ overlays }), { focus: ['interruption'] });
      return findings.flatMap((finding) => finding.recommendations).join(' ');
    };
    expect(await advice('cookie')).toContain('consent');
    expect(await advice('dialog')).not.toContain('consent');
  });

  test('says so when it has nothing to say', async () => {
    const { findings, summary } = await analyse(pageWith({}), {}, []);
    expect(findings).toEqual([]);
    expect(summary).toContain('The Blue Mug');
  });

  test('stops when the job was cancelled', async () => {
    const request = AnalysisRequest.parse({ url: 'https://shop.example' });
    const signal = AbortSignal.abort(new Error('cancelled'));
    await expect(rulesAnalyst.analyse({ request, evidence: pageWith({}), checks: [] }, { signal, onFinding: () => {} })).rejects.toThrow('cancelled');
  });
});

describe('the wordings', () => {
  const evidence = faultyPage();
  const failing: CheckStatus = 'fail';
  const checks = runChecks(evidence).map((check): Check => ({ ...check, status: failing }));

  test('cover every check there is', () => {
    expect([...new Set(checks.map((check) => check.id))].filter((id) => !(id in WORDINGS))).toEqual([]);
  });

  test('survive the proof, whatever check fails', async () => {
    const { rejected, findings } = await analyse(evidence, {}, checks);
    expect(rejected).toEqual([]);
    expect(findings.length).toBe(30);
  });

  test('give one to three recommendations and whole sentences', async () => {
    const { findings } = await analyse(evidence, {}, checks);
    for (const finding of findings) {
      expect(finding.recommendations.length).toBeGreaterThan(0);
      expect(finding.recommendations.length).toBeLessThan(4);
      for (const text of [finding.whatIsWrong, finding.whyItMatters, ...finding.recommendations]) expect(text).toMatch(/^\P{Ll}.*\.$/u);
    }
  });
});

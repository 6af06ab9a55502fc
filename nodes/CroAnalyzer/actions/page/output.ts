import type { AnalysisResult, Finding, Scores } from '@cro-analyzer/protocol/messages';
import type { IDataObject } from 'n8n-workflow';

/** How a result becomes items: see the parameters of the same names. */
export interface OutputOptions {
  readonly per: 'page' | 'finding';
  readonly simplify: boolean;
}

/** The json of the items that one page gives. */
export function toJson(result: AnalysisResult, { per, simplify }: OutputOptions): IDataObject[] {
  if (per === 'page') return [simplify ? simplePage(result) : { ...result }];
  const { page, analyst } = result;
  return result.findings.map((finding) =>
    simplify ? { url: page.url, pageTitle: page.title, ...simpleFinding(finding) } : { page, analyst, ...finding });
}

function simplePage(result: AnalysisResult): IDataObject {
  const { page, summary, findings, scores, analyst, usage, limits } = result;
  return {
    requestedUrl: page.requestedUrl,
    url: page.url,
    title: page.title,
    businessType: page.businessType,
    summary,
    scores: simpleScores(scores),
    findings: findings.map(simpleFinding),
    analyst: analyst.name,
    model: analyst.model,
    note: analyst.note,
    costUsd: usage.costUsd,
    limits,
  };
}

function simpleScores(scores: Scores): IDataObject {
  return Object.fromEntries(Object.entries(scores).map(([name, { value }]) => [name, value]));
}

function simpleFinding({ elements, id, claimKind, ...rest }: Finding): IDataObject {
  return { ...rest, selectors: [...new Set(elements.map(({ selector }) => selector))] };
}

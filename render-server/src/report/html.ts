import { createHash } from 'node:crypto';
import type { AnalysisResult } from '@cro-analyzer/protocol/messages';
import type { Evidence } from '../evidence.ts';
import { html, Markup } from './markup.ts';
import { Pictures } from './pictures.ts';
import { appendix, cover, facts, findings, overview, plan } from './sections.ts';
import { STYLES } from './styles.ts';

interface ReportInput {
  result: AnalysisResult;
  /** The evidence that the result was made from: its screenshots go into the report. */
  evidence: Evidence;
  generatedAt: Date;
}

/** Nothing is loaded and nothing runs: only pictures within the file, and the one style sheet whose hash this is. */
const POLICY = `default-src 'none'; img-src data:; style-src 'sha256-${createHash('sha256').update(STYLES).digest('base64')}'; base-uri 'none'; form-action 'none'`;

/** The result as one HTML file that needs no other. Everything that comes from the page or the analyst is escaped. */
export function renderReport({ result, evidence, generatedAt }: ReportInput): string {
  const pictures = new Pictures(evidence.views);
  const body = html`${cover(result, generatedAt, pictures)}
<main>${overview(result)}${plan(result)}${findings(result, pictures)}${facts(result.checks)}${appendix(result)}</main>
<footer class="wrap">CRO Analyzer</footer>`;
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<meta name="referrer" content="no-referrer">
<title>Conversion review: ${result.page.title || result.page.url}</title>
<style>${new Markup(STYLES)}</style></head>
<body>${pictures.definitions()}${body}</body></html>
`.source;
}

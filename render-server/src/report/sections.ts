/** The parts of a report, one function each. */
import type { AnalysisResult, Check, CheckStatus, Device, Finding } from '@cro-analyzer/protocol/messages';
import { checkKey } from '../check-key.ts';
import { effortMap, scoreRings } from './chart.ts';
import { html, type Content, type Markup } from './markup.ts';
import type { Pictures } from './pictures.ts';

const SEVERITIES = { high: 'High severity', medium: 'Medium severity', low: 'Low severity' };
const VERDICTS = { confirmed: 'Confirmed on the page', plausible: 'Plausible, not measured' };
const STATUSES: Record<CheckStatus, string> = { fail: 'Failed', warn: 'Weak', pass: 'Passed', unknown: 'Not measured' };
const CATEGORIES: Record<Check['category'], string> = {
  attention: 'First screen and call to action', trust: 'Trust and commercial facts', forms: 'Forms', interruption: 'Interruption',
  speed: 'Weight and breakage', mobile: 'Mobile', content: 'Content',
};

export function cover(result: AnalysisResult, generatedAt: Date, pictures: Pictures): Markup {
  const { page } = result;
  const date = generatedAt.toLocaleDateString('en-GB', { dateStyle: 'long', timeZone: 'UTC' });
  const shots = (['desktop', 'mobile'] as const).map((device) => pictures.firstScreen(device, `First screen on ${device}`));
  return html`<header class="cover"><div class="wrap">
<div class="words"><p class="kicker">Conversion review</p>
<h1>${page.title || hostOf(page.url)}</h1>
<p class="address">${link(page.url)}</p>
<p class="byline">${date} · ${result.findings.length} ${result.findings.length === 1 ? 'finding' : 'findings'} · ${result.checks.length} measured facts</p></div>
${shots.some((shot) => shot !== null) && html`<div class="devices">${shots}</div>`}
</div></header>`;
}

export function overview(result: AnalysisResult): Markup {
  return html`<section class="wrap overview">
<div class="summary" lang="${result.analyst.language}"><h2 lang="en">In short</h2>${paragraphs(result.summary)}</div>
<div><h2>Scores</h2>${scoreRings(result.scores)}<p class="note">0 to 100, from measured facts alone. n/a: too little could be measured.</p></div>
</section>`;
}

export function plan(result: AnalysisResult): Content {
  if (result.findings.length === 0) return html`<section class="wrap"><h2>Findings</h2><p>Nothing was found that stands in the visitors' way.</p></section>`;
  return html`<section class="wrap plan"><h2>What to fix, in this order</h2>
<div class="split"><ol>${result.findings.map((finding, index) => html`<li><a href="#finding-${index + 1}"><span class="order ${finding.severity}">${index + 1}</span><span class="name" lang="${result.analyst.language}">${finding.title}</span><span class="priority">${finding.priority.toFixed(2)}</span></a></li>`)}</ol>
<figure>${effortMap(result.findings)}<figcaption>Priority is impact times confidence, divided by effort.</figcaption></figure></div></section>`;
}

export function findings(result: AnalysisResult, pictures: Pictures): Markup {
  return html`<div class="wrap findings">${result.findings.map((finding, index) => article(finding, index + 1, result, pictures))}</div>`;
}

function article(finding: Finding, number: number, result: AnalysisResult, pictures: Pictures): Markup {
  const { language } = result.analyst;
  const cited = result.checks.filter((check) => finding.checks.includes(checkKey(check)));
  return html`<article id="finding-${number}" class="${finding.severity}">
<header><p class="tags"><span class="order ${finding.severity}">${number}</span><span class="tag ${finding.severity}">${SEVERITIES[finding.severity]}</span><span class="tag ${finding.verdict}">${VERDICTS[finding.verdict]}</span><span class="where">${[finding.section, ...finding.devices].filter(Boolean).join(' · ')}</span></p>
<h2 lang="${language}">${finding.title}</h2></header>
<div class="body"><div class="text" lang="${language}">
<h3 lang="en">What is wrong</h3>${paragraphs(finding.whatIsWrong)}
<h3 lang="en">Why it matters</h3>${paragraphs(finding.whyItMatters)}
${finding.recommendations.length > 0 && html`<h3 lang="en">What to do</h3><ul class="todo">${finding.recommendations.map((text) => html`<li>${text}</li>`)}</ul>`}
${cited.length > 0 && html`<h3 lang="en">What was measured</h3><ul class="measured" lang="en">${cited.map((check) => html`<li><span class="status ${check.status}">${STATUSES[check.status]}</span> ${check.title}${check.device !== null && ` (${check.device})`}: <b>${check.value}</b></li>`)}</ul>`}
</div>${evidenceOf(finding, pictures)}</div>
<dl class="figures">${figure('Priority', finding.priority.toFixed(2))}${figure('Impact', `${finding.impact} / 5`)}${figure('Effort', `${finding.effort} / 5`)}${figure('Confidence', `${Math.round(finding.confidence * 100)}%`)}</dl>
</article>`;
}

/** The finding's elements on the screenshots, one crop a device; the first screen where it names none. */
function evidenceOf(finding: Finding, pictures: Pictures): Content {
  const marks = finding.elements.map((element, index) => ({ ...element, number: index + 1 }));
  const crop = (device: Device): Content => {
    const here = marks.filter((mark) => mark.device === device);
    if (here.length === 0) return null;
    return pictures.around(device, here, `Screenshot on ${device} around ${here.map(({ text }) => text).join(', ')}`);
  };
  const crops = marks.length > 0
    ? finding.devices.map(crop)
    : finding.devices.map((device) => pictures.firstScreen(device, `First screen on ${device}`));
  return html`<figure class="evidence"><div class="crops">${crops}</div>
<figcaption>${marks.length > 0
    ? html`<ol>${marks.map(({ text, selector }) => html`<li>${text && html`<q>${text}</q> `}<code>${selector}</code></li>`)}</ol>`
    : 'The first screen. The finding is about the page as a whole.'}</figcaption></figure>`;
}

export function facts(checks: Check[]): Markup {
  const order: CheckStatus[] = ['fail', 'warn', 'pass', 'unknown'];
  const counts = order.map((status) => html`<li class="${status}"><b>${checks.filter((check) => check.status === status).length}</b> ${STATUSES[status].toLowerCase()}</li>`);
  const groups = Object.entries(CATEGORIES).map(([category, label]) => {
    const rows = joinDevices(checks.filter((check) => check.category === category))
      .toSorted((a, b) => order.indexOf(a.check.status) - order.indexOf(b.check.status));
    return rows.length > 0 && html`<h3>${label}</h3><table><thead><tr><th>Result</th><th>Fact</th><th>Measured</th><th>Threshold</th></tr></thead><tbody>${rows.map(({ check, devices }) => html`<tr><td><span class="status ${check.status}">${STATUSES[check.status]}</span></td><td>${check.title}${devices.length > 0 && html` <small>${devices.join(', ')}</small>`}</td><td>${check.value}</td><td>${check.threshold}<small class="source">${check.source}</small></td></tr>`)}</tbody></table>`;
  });
  return html`<section class="wrap facts"><h2>Measured facts</h2><ul class="counts">${counts}</ul>${groups}<p class="note">Not measured means unknown; it never means that something is missing.</p></section>`;
}

/** One row for a check that came out the same on several devices. */
function joinDevices(checks: Check[]): { check: Check; devices: Device[] }[] {
  const rows = new Map<string, { check: Check; devices: Device[] }>();
  for (const check of checks) {
    const key = JSON.stringify([check.id, check.status, check.value, check.threshold]);
    const row = rows.get(key) ?? { check, devices: [] };
    if (check.device !== null) row.devices.push(check.device);
    rows.set(key, row);
  }
  return [...rows.values()];
}

export function appendix(result: AnalysisResult): Markup {
  const { analyst, usage } = result;
  const tokens = usage.inputTokens + usage.cacheReadTokens + usage.cacheWriteTokens + usage.outputTokens;
  const seconds = usage.timings['total'] === undefined ? null : `${(usage.timings['total'] / 1000).toFixed(1)} s`;
  return html`<section class="wrap appendix"><h2>Appendix</h2>
${result.rejectedFindings.length > 0 && html`<h3>Claims that the page did not bear out</h3><p>Written by the analyst, tested against the page, and left out of this report.</p><ul>${result.rejectedFindings.map(({ title, reason }) => html`<li><b>${title}</b> ${reason}</li>`)}</ul>`}
${result.limits.length > 0 && html`<h3>What could not be seen</h3><ul>${result.limits.map((limit) => html`<li>${limit}</li>`)}</ul>`}
<h3>How this report was made</h3>
<dl class="figures">${figure('Written by', analyst.name === 'claude' ? `Claude (${analyst.model ?? 'model not known'})` : 'Rules, without Claude')}${figure('Language', analyst.language)}${tokens > 0 && [figure('Tokens', tokens.toLocaleString('en-US')), figure('Cost', usage.costUsd === null ? 'not known' : `US$ ${usage.costUsd.toFixed(4)}`)]}${seconds !== null && figure('Time', seconds)}${figure('HTTP status', String(result.page.status))}</dl>
${analyst.note !== null && html`<p>${analyst.note}</p>`}
<p class="note">The page was opened in Chromium, measured and photographed; nothing on it was clicked, filled in or bought. Each finding was tested against these measurements before it was let in.</p></section>`;
}

function figure(name: string, value: string): Markup {
  return html`<div><dt>${name}</dt><dd>${value}</dd></div>`;
}

function paragraphs(text: string): Content {
  return text.split(/\n+/).filter((line) => line.trim() !== '').map((line) => html`<p>${line}</p>`);
}

/** A link for http and https; whatever else is text alone. */
function link(url: string): Content {
  return /^https?:\/\//i.test(url) ? html`<a href="${url}" rel="noopener noreferrer nofollow">${url}</a>` : url;
}

function hostOf(url: string): string {
  return URL.parse(url)?.host ?? url;
}

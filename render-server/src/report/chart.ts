/** The two charts of the report, as SVG in the page. */
import type { Finding, Score, Scores } from '@cro-analyzer/protocol/messages';
import { html, type Markup } from './markup.ts';

const SCORES: [keyof Scores, string][] = [
  ['conversion', 'Conversion'], ['experience', 'Experience'], ['content', 'Content'], ['mobile', 'Mobile'], ['speed', 'Speed'],
];

/** A ring for each score; an empty one where too little was measured. */
export function scoreRings(scores: Scores): Markup {
  return html`<ul class="scores">${SCORES.map(([name, label]) => html`<li>${ring(scores[name], label)}<span>${label}</span></li>`)}</ul>`;
}

const RADIUS = 42;
const CIRCUMFERENCE = 2 * Math.PI * RADIUS;

function ring({ value, checks }: Score, label: string): Markup {
  if (value === null) {
    return html`<svg viewBox="0 0 100 100" role="img" aria-label="${label}: too little was measured"><circle class="track" cx="50" cy="50" r="${RADIUS}"/><text class="none" x="50" y="50" text-anchor="middle" dominant-baseline="central">n/a</text></svg>`;
  }
  const length = (value / 100) * CIRCUMFERENCE;
  return html`<svg viewBox="0 0 100 100" role="img" aria-label="${label}: ${value} of 100, from ${checks.length} checks"><circle class="track" cx="50" cy="50" r="${RADIUS}"/><circle class="arc ${grade(value)}" cx="50" cy="50" r="${RADIUS}" stroke-dasharray="${length.toFixed(1)} ${CIRCUMFERENCE.toFixed(1)}" transform="rotate(-90 50 50)"/><text class="value" x="50" y="50" text-anchor="middle" dominant-baseline="central">${value}</text></svg>`;
}

function grade(value: number): string {
  return value >= 80 ? 'good' : value >= 50 ? 'fair' : 'poor';
}

const CELL = 64;
const LEFT = 40;
const TOP = 12;

/** Findings by impact (upwards) and effort (to the right): what stands at the top left comes first. */
export function effortMap(findings: Finding[]): Markup {
  const levels = [1, 2, 3, 4, 5];
  const side = CELL * levels.length;
  const cells = new Map<string, number[]>();
  findings.forEach((finding, index) => {
    const key = `${finding.effort},${finding.impact}`;
    cells.set(key, [...cells.get(key) ?? [], index + 1]);
  });
  const dots = [...cells].flatMap(([key, numbers]) => {
    const [effort = 1, impact = 1] = key.split(',').map(Number);
    const columns = Math.ceil(Math.sqrt(numbers.length));
    const step = Math.min(24, (CELL - 8) / columns);
    const rows = Math.ceil(numbers.length / columns);
    return numbers.map((number, index) => {
      const x = LEFT + (effort - 0.5) * CELL + (index % columns - (columns - 1) / 2) * step;
      const y = TOP + (5.5 - impact) * CELL + (Math.floor(index / columns) - (rows - 1) / 2) * step;
      const severity = findings[number - 1]?.severity ?? 'low';
      return html`<circle class="dot ${severity}" cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="${Math.min(11, step / 2 - 0.5).toFixed(1)}"/><text class="dot-number" x="${x.toFixed(1)}" y="${y.toFixed(1)}" font-size="${Math.min(11, step * 0.5).toFixed(1)}" text-anchor="middle" dominant-baseline="central">${number}</text>`;
    });
  });
  return html`<svg class="map" viewBox="0 0 ${LEFT + side + 8} ${TOP + side + 44}" role="img" aria-label="Findings by impact and effort">
<rect class="first" x="${LEFT}" y="${TOP}" width="${CELL * 2.5}" height="${CELL * 2.5}"/>
${levels.map((level) => html`<line x1="${LEFT}" x2="${LEFT + side}" y1="${TOP + level * CELL}" y2="${TOP + level * CELL}"/><line x1="${LEFT + (level - 1) * CELL}" x2="${LEFT + (level - 1) * CELL}" y1="${TOP}" y2="${TOP + side}"/><text class="tick" x="${LEFT - 10}" y="${TOP + (5.5 - level) * CELL}" text-anchor="end" dominant-baseline="central">${level}</text><text class="tick" x="${LEFT + (level - 0.5) * CELL}" y="${TOP + side + 16}" text-anchor="middle">${level}</text>`)}
<text class="corner" x="${LEFT + 8}" y="${TOP + 17}">Do first</text>
<text class="axis" x="${LEFT + side / 2}" y="${TOP + side + 36}" text-anchor="middle">Effort</text>
<text class="axis" x="10" y="${TOP + side / 2}" text-anchor="middle" transform="rotate(-90 10 ${TOP + side / 2})">Impact</text>
${dots}</svg>`;
}

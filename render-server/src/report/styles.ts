/** The report's style sheet. Its hash is in the content policy, so no style attribute works. */
export const STYLES = `
:root { --ink: #17202e; --soft: #566173; --line: #e1e5ec; --paper: #fff; --ground: #f5f6f9; --brand: #16324f; --accent: #d9421e;
  --high: #c2330f; --medium: #a86200; --low: #4a6072; --good: #1b7f4d; --fair: #c07a00; --poor: #c2330f; }
* { box-sizing: border-box; }
html { scroll-behavior: smooth; -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.55 "Inter", "Segoe UI", "Helvetica Neue", Arial, sans-serif; overflow-wrap: anywhere; }
h1, h2, h3, p, ul, ol, dl, figure { margin: 0; padding: 0; }
ul, ol { list-style: none; }
a { color: inherit; }
.wrap { max-width: 1120px; margin: 0 auto; padding-inline: 32px; }
.sources { position: absolute; }
h2 { font-size: 24px; line-height: 1.25; letter-spacing: -0.01em; }
h3 { font-size: 12px; letter-spacing: 0.08em; text-transform: uppercase; color: var(--soft); }
.note, figcaption { color: var(--soft); font-size: 14px; }

.cover { background: var(--brand); color: #fff; padding: 64px 0 72px; overflow: hidden; }
.cover .wrap { display: grid; grid-template-columns: 1fr 500px; gap: 48px; align-items: center; }
.kicker { font-size: 13px; letter-spacing: 0.14em; text-transform: uppercase; color: #ffb59e; font-weight: 600; }
h1 { font-size: 44px; line-height: 1.12; letter-spacing: -0.02em; margin: 14px 0 16px; }
.address { color: #c7d5e5; }
.byline { margin-top: 28px; color: #c7d5e5; font-size: 14px; }
.devices { position: relative; padding: 0 56px 34px 0; }
.devices .shot { border-radius: 8px; box-shadow: 0 18px 40px rgb(0 0 0 / 0.35); }
.devices .desktop + .mobile { position: absolute; right: 0; bottom: 0; width: 27%; border: 4px solid #0d2136; border-radius: 16px; }
.devices .mobile:only-child { width: 50%; margin: 0 auto; }
.shot { display: block; width: 100%; height: auto; background: #fff; }

main > .wrap { padding-top: 56px; }
.overview { display: grid; grid-template-columns: 1fr 1fr; gap: 56px; }
.summary p { font-size: 19px; margin-top: 14px; }
.scores { display: flex; flex-wrap: wrap; gap: 16px 20px; margin: 18px 0 14px; }
.scores li { width: 84px; text-align: center; font-size: 14px; color: var(--soft); }
.scores svg { display: block; width: 84px; margin-bottom: 4px; }
.scores circle { fill: none; stroke-width: 9; stroke-linecap: round; }
.track { stroke: var(--line); } .arc.good { stroke: var(--good); } .arc.fair { stroke: var(--fair); } .arc.poor { stroke: var(--poor); }
.scores .value { font-size: 28px; font-weight: 700; fill: var(--ink); } .scores .none { font-size: 18px; fill: var(--soft); }

.split { display: grid; grid-template-columns: 1fr 380px; gap: 40px; margin-top: 20px; align-items: start; }
.plan ol { background: var(--paper); border: 1px solid var(--line); border-radius: 12px; overflow: hidden; }
.plan li + li { border-top: 1px solid var(--line); }
.plan li a { display: flex; gap: 14px; align-items: center; padding: 13px 18px; text-decoration: none; }
.plan li a:hover { background: var(--ground); }
.plan .name { flex: 1; font-weight: 600; } .plan .priority { color: var(--soft); font-variant-numeric: tabular-nums; }
.order { flex: none; width: 28px; height: 28px; border-radius: 50%; color: #fff; font-weight: 700; font-size: 14px; display: inline-flex; align-items: center; justify-content: center; }
.order.high, .dot.high { background: var(--high); fill: var(--high); } .order.medium, .dot.medium { background: var(--medium); fill: var(--medium); } .order.low, .dot.low { background: var(--low); fill: var(--low); }
.map { display: block; width: 100%; } .map line { stroke: var(--line); } .map .first { fill: #e7f3ec; }
.map .tick { font-size: 12px; fill: var(--soft); } .map .axis { font-size: 13px; fill: var(--ink); font-weight: 600; } .map .corner { font-size: 12px; fill: var(--good); font-weight: 600; }
.dot-number { fill: #fff; font-weight: 700; }

.findings { display: grid; gap: 28px; }
article { background: var(--paper); border: 1px solid var(--line); border-top: 4px solid var(--low); border-radius: 12px; padding: 28px 32px 24px; }
article.high { border-top-color: var(--high); } article.medium { border-top-color: var(--medium); }
.tags { display: flex; flex-wrap: wrap; gap: 8px 10px; align-items: center; font-size: 13px; margin-bottom: 12px; }
.tag { padding: 3px 10px; border-radius: 99px; font-weight: 600; background: #e9eef4; color: var(--low); }
.tag.high { background: #fbe6df; color: #98270a; } .tag.medium { background: #fbefd9; color: #7d4900; }
.tag.confirmed { background: #e1f2e8; color: #12613a; } .tag.plausible { background: #eceef2; color: var(--soft); }
.where { color: var(--soft); }
.body { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 36px; margin-top: 18px; align-items: start; }
.text h3:not(:first-child) { margin-top: 18px; }
.text p { margin-top: 4px; }
.todo li { position: relative; padding-left: 26px; margin-top: 7px; font-weight: 500; }
.todo li::before { content: "→"; position: absolute; left: 0; color: var(--accent); font-weight: 700; }
.measured li { margin-top: 6px; font-size: 14px; }
.evidence { background: var(--ground); border-radius: 10px; padding: 14px; }
.crops { display: flex; gap: 12px; align-items: flex-start; justify-content: center; }
.crops .shot { border: 1px solid var(--line); border-radius: 6px; min-width: 0; }
.crops .desktop { flex: 2.2 1 0; } .crops .mobile { flex: 1 1 0; max-width: 280px; }
.frame { fill: none; stroke: var(--accent); stroke-width: 3px; vector-effect: non-scaling-stroke; }
.halo { fill: rgb(217 66 30 / 0.08); stroke: #fff; stroke-width: 6px; vector-effect: non-scaling-stroke; }
.badge { fill: var(--accent); stroke: #fff; stroke-width: 2px; vector-effect: non-scaling-stroke; } .number { fill: #fff; font-weight: 700; }
.evidence figcaption { margin-top: 10px; font-size: 13px; }
.evidence ol { counter-reset: mark; display: grid; gap: 4px; }
.evidence li { counter-increment: mark; padding-left: 24px; position: relative; }
.evidence li::before { content: counter(mark); position: absolute; left: 0; top: 2px; width: 17px; height: 17px; border-radius: 50%; background: var(--accent); color: #fff; font-size: 11px; font-weight: 700; text-align: center; line-height: 17px; }
code { font: 12px/1.4 ui-monospace, Menlo, Consolas, "Liberation Mono", monospace; color: var(--soft); }
.figures { display: flex; flex-wrap: wrap; gap: 12px 36px; margin-top: 22px; padding-top: 16px; border-top: 1px solid var(--line); }
.figures dt { font-size: 12px; color: var(--soft); } .figures dd { margin: 0; font-weight: 700; font-variant-numeric: tabular-nums; }

.counts { display: flex; flex-wrap: wrap; gap: 10px 28px; margin: 14px 0 4px; color: var(--soft); } .counts b { font-size: 24px; color: var(--ink); margin-right: 2px; }
.counts .fail b { color: var(--high); } .counts .warn b { color: var(--medium); } .counts .pass b { color: var(--good); }
.facts h3, .appendix h3 { margin: 28px 0 8px; }
table { width: 100%; border-collapse: collapse; background: var(--paper); border: 1px solid var(--line); border-radius: 10px; font-size: 14px; table-layout: fixed; }
th, td { text-align: left; padding: 10px 14px; vertical-align: top; border-top: 1px solid var(--line); }
thead th { border-top: 0; color: var(--soft); font-weight: 600; font-size: 13px; }
th:nth-child(1) { width: 128px; } th:nth-child(2) { width: 30%; } th:nth-child(4) { width: 28%; }
td small { color: var(--soft); white-space: nowrap; } td .source { display: block; white-space: normal; }
.status { display: inline-block; font-size: 12px; font-weight: 700; padding: 1px 8px; border-radius: 99px; background: #eceef2; color: var(--soft); white-space: nowrap; }
.status.fail { background: #fbe6df; color: #98270a; } .status.warn { background: #fbefd9; color: #7d4900; } .status.pass { background: #e1f2e8; color: #12613a; }
.facts > .note { margin-top: 14px; }
.appendix ul { display: grid; gap: 6px; margin-top: 8px; } .appendix li { padding-left: 18px; position: relative; } .appendix li::before { content: "–"; position: absolute; left: 0; color: var(--soft); }
.appendix .figures { border-top: 0; padding-top: 0; margin: 6px 0 16px; }
footer { padding-top: 48px; padding-bottom: 48px; color: var(--soft); font-size: 13px; }

@media (max-width: 860px) {
  .wrap { padding-inline: 18px; }
  .cover { padding: 40px 0 44px; } .cover .wrap, .overview, .split, .body { grid-template-columns: minmax(0, 1fr); gap: 28px; }
  h1 { font-size: 31px; } h2 { font-size: 21px; } .summary p { font-size: 17px; }
  .devices { max-width: 500px; }
  .scores { gap: 12px; } .scores li, .scores svg { width: 61px; } .scores li { font-size: 12px; }
  main > .wrap { padding-top: 40px; }
  article { padding: 22px 18px 18px; }
  .evidence { margin: 0 -8px; padding: 10px; }
  .plan li a { padding: 12px 14px; gap: 12px; }
  .map { max-width: 420px; margin: 0 auto; }
  .figures { gap: 10px 26px; }
  table, tbody, tr, td { display: block; width: 100%; } thead { display: none; }
  tr + tr { border-top: 1px solid var(--line); } tr { padding: 10px 14px; } td { border: 0; padding: 2px 0; } td:nth-child(3) { font-weight: 600; } td:nth-child(4) { color: var(--soft); font-size: 13px; }
}
@media print {
  body { background: #fff; } .wrap { max-width: none; } .cover { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  article, tr, .overview > div { break-inside: avoid; } article { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
}
`;

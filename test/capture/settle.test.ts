import { expect, test } from 'vitest';
import { errorOf, named, page, useCapturing } from '../support/capturing.ts';

const { capture, view } = useCapturing();
const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="300" height="200"><rect width="300" height="200" fill="teal"/></svg>';

test('a page whose sub-resources never finish is measured and says so', async () => {
  const evidence = await capture({ '/': page('<h1>Hello</h1><img src="/never.png" alt="Never" width="300" height="200">'), '/never.png': () => {} }, {}, { bounds: { settle: 1_500 } });
  expect(evidence.views[0]?.headings[0]?.text).toBe('Hello');
  expect(evidence.limits.join()).toContain('still loading');
  expect(evidence.views[0]?.images.broken).toEqual([]);
});

test('a font that never comes does not hold the picture up', async () => {
  const evidence = await capture(
    { '/': page('<h1>Hello</h1>', '<style>@font-face{font-family:Slow;src:url(/slow.woff2)}h1{font-family:Slow}</style>'), '/slow.woff2': () => {} },
    {}, { bounds: { settle: 1_500 } });
  expect(evidence.views[0]?.tiles).toHaveLength(1);
});

test('what loads on sight has loaded, and the page is back at its top', async () => {
  const lazy = `<script>new IntersectionObserver(([entry]) => { if (entry.isIntersecting) document.querySelector('#late').innerHTML = '<h2>Came late</h2>'; }).observe(document.querySelector('#late'))</script>`;
  const body = `<h1>Top</h1><div style="height:3000px">Long</div><div id="late" style="height:100px"></div><img loading="lazy" src="/low.svg" alt="Low picture" width="300" height="200">${lazy}`;
  const evidence = await capture({ '/': page(body), '/low.svg': (_request, response) => void response.writeHead(200, { 'content-type': 'image/svg+xml' }).end(svg) });
  const [seen] = evidence.views;
  expect(seen?.headings.map(({ text }) => text)).toEqual(['Top', 'Came late']);
  expect(seen?.network.requests).toBe(2);
  expect(seen?.elements.find(({ name }) => name === 'Top')?.inFirstScreen).toBe(true);
  expect(evidence.limits).toEqual([]);
});

test('what moves stands still at its end', async () => {
  const seen = await view(page('<h1>Moving</h1><button style="animation:in 30s forwards;opacity:0">Buy now</button><style>@keyframes in{to{opacity:1}}</style>'));
  expect(named(seen, 'Buy now').visible).toBe(true);
});

test('a selector to wait for is waited for', async () => {
  const html = page(`<h1>Hello</h1><script>setTimeout(() => document.body.insertAdjacentHTML('beforeend', '<h2 id="ready">Ready</h2>'), 1200)</script>`);
  const seen = await view(html, { wait: { selector: '#ready' } });
  expect(seen.headings.map(({ text }) => text)).toEqual(['Hello', 'Ready']);
});

test('a selector that cannot be read is a bad request', async () => {
  expect(await errorOf(capture(page('<h1>Hello</h1>'), { wait: { selector: 'div[[' } }))).toMatchObject({ code: 'bad_request' });
});

test('stages go forward and end at 1', async () => {
  const stages: { stage: string; fraction: number }[] = [];
  await capture(page('<h1>Hello</h1>'), { devices: ['desktop', 'mobile'] }, { onStage: (stage, fraction) => stages.push({ stage, fraction }) });
  const fractions = stages.map(({ fraction }) => fraction);
  expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
  expect(fractions[0]).toBe(0);
  expect(fractions.at(-1)).toBe(1);
  const names = stages.map(({ stage }) => stage);
  expect(names.lastIndexOf('visiting')).toBeLessThan(names.indexOf('capturing'));
});

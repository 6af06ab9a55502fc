/**
 * `npm run test:n8n`: our packed node in a real n8n, against the real render server, our own sites and a fake Claude.
 * Prints a line a check and closes with `N passed, N failed`.
 */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser } from 'playwright-core';
import { CHROMIUM } from '../test/support/chromium.ts';
import { startFakeClaude, type FakeClaude } from '../test/support/fake-claude.ts';
import { startSite, testSites, type Site } from '../test/support/site.ts';
import { ROOT, Service, freePort, packNode } from './lab.mts';
import { N8n, installN8n, type Execution } from './n8n.mts';
import { scanNode } from './scan-node.mts';

const KEY = 'key-for-the-n8n-test';
const NODE = 'CRO Analyzer';
const TRIGGER = 'Start';
const PATHS = ['/product', '/saas', '/lead'];
/** A run of three pages takes a few seconds; this is for a busy machine. */
const RUN_WITHIN_MS = 90_000;

interface Finding { title: string; elements: { selector: string; device: 'desktop' | 'mobile' }[] }
interface Credential { id: string; name: string }

const tally = { passed: 0, failed: 0 };

async function check(name: string, test: () => Promise<unknown> | unknown): Promise<void> {
  try {
    await test();
    tally.passed += 1;
    console.log(`ok    ${name}`);
  } catch (error) {
    tally.failed += 1;
    console.log(`FAIL  ${name}\n      ${String(error instanceof Error ? error.message : error).replaceAll('\n', '\n      ')}`);
  }
}

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'cro-n8n-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  const closing: (() => Promise<unknown>)[] = [];
  const later = <T extends { close(): Promise<unknown> }>(thing: T): T => {
    closing.unshift(() => thing.close());
    return thing;
  };
  try {
    const app = await installN8n();
    const tarball = await packNode(folder);
    const scanned = await scanNode(tarball);
    await check("n8n's scanner finds nothing in the sources", () => assert.equal(scanned.source, null));
    await check("n8n's scanner finds nothing in the tarball", () => assert.equal(scanned.tarball, null));

    const site = later(await startSite(testSites()));
    const claude = later(await startFakeClaude());
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const server = startServer(port, join(folder, 'data'), site, claude);
    closing.unshift(() => server.stop());
    const n8n = later(await N8n.start(app, folder, tarball));
    await server.ready(`${url}/readyz`, 30_000);

    await check('n8n lists the node, also as a tool, and under the words that people search for', async () => {
      const types = await n8n.call<{ name: string; codex?: { alias?: string[] } }[]>('GET', '/types/nodes.json');
      const ours = types.filter(({ name }) => name.startsWith('n8n-nodes-cro-analyzer.'));
      for (const word of ['website', 'web page', 'SEO', 'CRO']) assert.ok(ours[0]?.codex?.alias?.includes(word), word);
      assert.deepEqual(ours.map(({ name }) => name), ['n8n-nodes-cro-analyzer.croAnalyzer', 'n8n-nodes-cro-analyzer.croAnalyzerTool']);
    });
    const credential = await checkCredential(n8n, url);
    await checkThreePages(n8n, credential, site, claude);
    await checkExample(n8n, credential, site);
    await check('with Continue On Fail a refused address is an item that names the code and the page', async () => {
      const workflow = await createWorkflow(n8n, credential, ['http://127.0.0.1:1/'], {}, 'continueRegularOutput');
      const [item] = itemsOf(await n8n.execution(await n8n.run(workflow, TRIGGER), RUN_WITHIN_MS));
      assert.match(String(item?.json.error), /^forbidden_url/);
      assert.equal((item?.json.details as { url: string } | undefined)?.url, 'http://127.0.0.1:1/');
    });
    await checkStop(n8n, credential, site, claude, url);
    await check('the server ends with 0 on SIGTERM', async () => assert.equal(await server.stop(), 0));
    await check('the credential test says that a stopped server cannot be reached', async () => {
      assert.match((await testCredential(n8n, credential, { url, apiKey: KEY })).message, /cannot be reached|refused/);
    });
  } finally {
    for (const close of closing) await close().catch((error: unknown) => console.error(error));
  }
}

function startServer(port: number, dataDir: string, site: Site, claude: FakeClaude): Service {
  return new Service('the render server', process.execPath, [join(ROOT, 'render-server/src/main.ts')], {
    cwd: ROOT,
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      CRO_PORT: String(port),
      CRO_API_KEYS: KEY,
      CRO_DATA_DIR: dataDir,
      CRO_CHROMIUM_PATH: CHROMIUM,
      CRO_ALLOW_HOSTS: new URL(site.origin).host,
      ANTHROPIC_BASE_URL: claude.baseURL,
      ANTHROPIC_API_KEY: 'test-key',
    },
  });
}

async function testCredential(n8n: N8n, { id, name }: Credential, data: { url: string; apiKey: string }): Promise<{ status: string; message: string }> {
  return await n8n.call('POST', '/rest/credentials/test', { credentials: { id, name, type: 'croRenderServerApi', data } });
}

async function checkCredential(n8n: N8n, url: string): Promise<Credential> {
  const data = { url, apiKey: KEY };
  const credential = await n8n.call<Credential>('POST', '/rest/credentials', { name: 'Render server', type: 'croRenderServerApi', data });
  await check('the credential test passes with the right key', async () => {
    assert.equal((await testCredential(n8n, credential, data)).status, 'OK');
  });
  await check('the credential test says that a key is wrong', async () => {
    const { status, message } = await testCredential(n8n, credential, { url, apiKey: 'not-a-key-of-this-server' });
    assert.equal(status, 'Error');
    assert.match(message, /refused the API key/);
  });
  return credential;
}

async function checkThreePages(n8n: N8n, credential: Credential, site: Site, claude: FakeClaude): Promise<void> {
  const urls = PATHS.map((path) => `${site.origin}${path}`);
  const workflow = await createWorkflow(n8n, credential, urls, { simplify: false, files: ['screenshot', 'report'] });
  const execution = await n8n.execution(await n8n.run(workflow, TRIGGER), RUN_WITHIN_MS);
  const items = itemsOf(execution);

  await check('three URLs come back as three items in their order, each paired with its own', () => {
    assert.equal(execution.status, 'success', execution.data.resultData.error?.message);
    assert.deepEqual(items.map(({ json }) => (json.page as { requestedUrl: string }).requestedUrl), urls);
    assert.deepEqual(items.map(({ pairedItem }) => pairedItem), [{ item: 0 }, { item: 1 }, { item: 2 }]);
  });
  await check('the selectors of all findings resolve in those very pages', async () => {
    const browser = await chromium.launch({ executablePath: CHROMIUM, chromiumSandbox: false });
    try {
      for (const { json } of items) await checkSelectors(browser, json);
    } finally {
      await browser.close();
    }
    assert.equal(items.length, 3);
  });
  await check('the findings of the three pages differ', () => {
    const titles = items.map(({ json }) => JSON.stringify((json.findings as Finding[]).map(({ elements }) => elements)));
    assert.equal(new Set(titles).size, 3);
  });
  await check('screenshots and the report come as named binary data', () => {
    for (const { binary } of items) {
      for (const name of ['report_html', 'screenshot_desktop', 'screenshot_mobile']) assert.ok(binary?.[name], name);
      assert.equal(binary?.screenshot_mobile?.fileName, '127.0.0.1-mobile-1.jpg');
    }
  });
  await check('Claude saw three requests, each with tiles within its limits and an output schema', () => {
    assert.deepEqual(claude.complaints, []);
    assert.equal(claude.requests.length, 3);
    for (const { pictures, schema } of claude.requests) {
      assert.ok(pictures.length >= 2, `${pictures.length} pictures`);
      for (const { width, height } of pictures) {
        assert.ok(Math.max(width, height) <= 2576 && Math.ceil(width / 28) * Math.ceil(height / 28) <= 4784, `${width} x ${height}`);
      }
      assert.equal(schema.type, 'object');
    }
  });
  await check('the output shows a hint with pages, findings and cost', () => {
    const hint = execution.data.resultData.runData[NODE]?.[0]?.hints?.[0]?.message ?? 'none';
    assert.match(hint, /^3 pages analyzed, \d+ findings\. Claude cost \$\d/);
  });
  await check("progress of each page reached the browser's console", () => {
    for (const page of [1, 2, 3]) assert.ok(n8n.console.some((line) => String(line).startsWith(`Page ${page}: `)), `page ${page}`);
  });
}

async function checkSelectors(browser: Browser, json: Record<string, unknown>): Promise<void> {
  const { url } = json.page as { url: string };
  const elements = (json.findings as Finding[]).flatMap((finding) => finding.elements);
  assert.ok(elements.length > 0, `${url}: no finding names an element`);
  for (const device of ['desktop', 'mobile'] as const) {
    const page = await browser.newPage({ viewport: device === 'desktop' ? { width: 1440, height: 900 } : { width: 390, height: 844 } });
    await page.goto(url);
    for (const { selector } of elements.filter((element) => element.device === device)) {
      assert.equal(await page.locator(selector).count(), 1, `${url}: ${selector}`);
    }
    await page.close();
  }
}

async function checkExample(n8n: N8n, credential: Credential, site: Site): Promise<void> {
  await check('the example workflow runs as it is imported', async () => {
    const text = await readFile(join(ROOT, 'examples/n8n/find-what-costs-conversions.json'), 'utf8');
    const example = JSON.parse(text) as { nodes: { name: string; parameters: object; credentials?: object }[] };
    for (const node of example.nodes) {
      if (node.name === 'Pages') Object.assign(node.parameters, { jsonOutput: JSON.stringify({ url: [`${site.origin}/lead`] }) });
      if (node.name === NODE) node.credentials = { croRenderServerApi: credential };
    }
    const workflow = await n8n.call<{ id: string }>('POST', '/rest/workflows', example);
    const execution = await n8n.execution(await n8n.run(workflow, "When clicking 'Execute workflow'"), RUN_WITHIN_MS);
    assert.equal(execution.status, 'success', execution.data.resultData.error?.message);
    const priorities = itemsOf(execution, 'Most Important First').map(({ json }) => Number(json.priority));
    assert.ok(priorities.length > 0, 'no findings');
    assert.deepEqual(priorities, priorities.toSorted((a, b) => b - a));
  });
}

async function checkStop(n8n: N8n, credential: Credential, site: Site, claude: FakeClaude, url: string): Promise<void> {
  await check('a run that is stopped half-way leaves no job running on the server', async () => {
    const before = claude.requests.length;
    claude.behave({ kind: 'stall' }, { kind: 'stall' }, { kind: 'stall' });
    const workflow = await createWorkflow(n8n, credential, PATHS.map((path) => `${site.origin}${path}`));
    const id = await n8n.run(workflow, TRIGGER);
    await within(RUN_WITHIN_MS, claude.received(before + 3), 'three requests at Claude');
    assert.equal((await openJobs(url)).length, 3);
    await n8n.call('POST', `/rest/executions/${id}/stop`);
    assert.equal((await n8n.execution(id, 10_000)).status, 'canceled');
    await within(5_000, claude.idle(), 'the calls to Claude to end');
    assert.deepEqual(await openJobs(url), []);
  });
}

/** This key's jobs that have not ended. */
async function openJobs(url: string): Promise<unknown[]> {
  const response = await fetch(`${url}/v1/analyses`, { headers: { authorization: `Bearer ${KEY}` } });
  const { analyses } = await response.json() as { analyses: { stage: string; endedAt: string | null }[] };
  return analyses.filter(({ endedAt }) => endedAt === null);
}

/** A workflow that hands the URLs to the node, one item each. */
async function createWorkflow(n8n: N8n, credential: Credential, urls: string[], parameters: object = {}, onError?: string): Promise<{ id: string }> {
  return await n8n.call('POST', '/rest/workflows', {
    name: `Test of ${urls.length}`,
    nodes: [
      { id: 'start', name: TRIGGER, type: 'n8n-nodes-base.manualTrigger', typeVersion: 1, position: [0, 0], parameters: {} },
      {
        id: 'node', name: NODE, type: 'n8n-nodes-cro-analyzer.croAnalyzer', typeVersion: 1, position: [200, 0],
        parameters: { url: '={{ $json.url }}', ...parameters },
        credentials: { croRenderServerApi: credential },
        ...(onError ? { onError } : {}),
      },
    ],
    connections: { [TRIGGER]: { main: [[{ node: NODE, type: 'main', index: 0 }]] } },
    pinData: { [TRIGGER]: urls.map((url) => ({ json: { url } })) },
    settings: {},
  });
}

function itemsOf(execution: Execution, node = NODE): NonNullable<NonNullable<Execution['data']['resultData']['runData'][string][number]['data']>['main'][number]> {
  return execution.data.resultData.runData[node]?.[0]?.data?.main[0] ?? [];
}

async function within<T>(ms: number, promise: Promise<T>, what: string): Promise<T> {
  const timeout = Promise.withResolvers<never>();
  const timer = setTimeout(() => timeout.reject(new Error(`waited ${ms} ms for ${what}`)), ms);
  try {
    return await Promise.race([promise, timeout.promise]);
  } finally {
    clearTimeout(timer);
  }
}

await main().catch((error: unknown) => {
  tally.failed += 1;
  console.error(error);
});
console.log(`${tally.passed} passed, ${tally.failed} failed`);
process.exit(tally.failed === 0 ? 0 : 1);

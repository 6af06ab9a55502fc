import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { PackageDirectoryLoader } from 'n8n-core';
import type { ICredentialTestFunctions, IDataObject, INodeProperties, INodePropertyCollection, INodePropertyOptions, INodeType } from 'n8n-workflow';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startFakeClaude, type FakeClaude } from '../support/fake-claude.ts';
import { loadPackage, outputOf, startNode, type NodeRunOptions } from '../support/n8n-node.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { startSite, testSites, unusedOrigin, type Site } from '../support/site.ts';

const KEY = 'a-key-of-this-server';
const PAGES = ['/product', '/saas', '/lead'];

let loader: PackageDirectoryLoader;
let site: Site;
let claude: FakeClaude;
let server: TestServer;

beforeAll(async () => {
  [loader, site, claude] = await Promise.all([loadPackage(), startSite({ ...testSites(), '/bare': '<!doctype html><html lang="en"><title>Bare</title><h1>Bare</h1></html>' }), startFakeClaude()]);
  server = await startServer({
    CRO_API_KEYS: KEY, CRO_CREDIT: '2', CRO_PAGES_PER_BROWSER: '4', ANTHROPIC_API_KEY: 'test-key', ANTHROPIC_BASE_URL: claude.baseURL,
  });
}, 30_000);

afterAll(async () => {
  await server?.close();
  await claude?.close();
  await site?.close();
});

const pages = (...paths: string[]): NodeRunOptions['items'] => paths.map((path) => ({ json: { url: new URL(path, site.origin).href } }));

const raw = (url: unknown): NodeRunOptions['items'][number] => ({ json: { url } as IDataObject });

const start = (paths: string[], options: Partial<NodeRunOptions> = {}): ReturnType<typeof startNode> => startNode(loader, {
  server: { url: server.url, apiKey: KEY },
  items: pages(...paths),
  ...options,
  parameters: { url: '={{ $json.url }}', options: { devices: ['desktop'] }, ...options.parameters },
});

/** How this key's jobs stand, newest first: `open`, or the stage that they ended in. */
const states = async (): Promise<string[]> => {
  const response = await fetch(`${server.url}/v1/analyses`, { headers: { authorization: `Bearer ${KEY}` } });
  const { analyses } = await response.json() as { analyses: { stage: string; endedAt: string | null }[] };
  return analyses.map(({ stage, endedAt }) => (endedAt === null ? 'open' : stage));
};

describe('the built node', () => {
  test('describes every parameter and every choice that its name does not explain', () => {
    const { properties } = (loader.getNode('croAnalyzer').type as INodeType).description;
    const undescribed = (list: (INodeProperties | INodePropertyOptions | INodePropertyCollection)[]): string[] => list.flatMap((entry) => {
      if (!('type' in entry)) return [];
      const missing = 'description' in entry && entry.description ? [] : [entry.name];
      return [...missing, ...undescribed(entry.options ?? [])];
    });
    expect(undescribed(properties)).toEqual([]);
    expect(properties.map(({ name }) => name)).toContain('url');
  });

  test('needs nothing but n8n-workflow at run time', () => {
    const bundle = readFileSync('dist/nodes/CroAnalyzer/CroAnalyzer.node.js', 'utf8');
    const required = [...bundle.matchAll(/\brequire\("([^"]+)"\)/g)].map(([, name]) => name);
    expect(new Set(required)).toEqual(new Set(['n8n-workflow']));
    expect(bundle).not.toMatch(/\bzod\b/);
  });
});

describe('Page -> Analyze', () => {
  test('gives an item a page in the order of the input, paired, with files, hint and progress', async () => {
    const run = start(PAGES, { parameters: { files: ['screenshot', 'report'], options: {} } });
    const ended = await run.ended;
    const items = outputOf(ended);
    expect(ended.data.resultData.error).toBeUndefined();
    expect(items.map(({ json }) => json.url)).toEqual(PAGES.map((path) => `${site.origin}${path}`));
    expect(items.map(({ pairedItem }) => pairedItem)).toEqual([{ item: 0 }, { item: 1 }, { item: 2 }]);
    for (const { json, binary } of items) {
      expect(json).toMatchObject({ analyst: 'claude', requestedUrl: json.url, scores: { experience: expect.any(Number) as number } });
      expect(json.findings).not.toHaveLength(0);
      expect(Object.keys(binary ?? {})).toEqual(expect.arrayContaining(['screenshot_desktop', 'screenshot_mobile']));
      expect(Object.keys(binary ?? {})[0]).toBe('report_html');
      expect(binary?.screenshot_mobile?.fileName).toBe('127.0.0.1-mobile-1.jpg');
      expect(Buffer.from(binary?.report_html?.data ?? '', 'base64').toString()).toMatch(/^<!doctype html>/i);
    }
    const [hint] = ended.data.resultData.runData['CRO Analyzer']?.[0]?.hints ?? [];
    expect(hint?.message).toMatch(/^3 pages analyzed, \d+ findings\. Claude cost \$/);
    expect(JSON.stringify(run.console)).toContain('Page 3: ');
  }, 60_000);

  test('gives an item a finding, each paired with its page', async () => {
    const items = outputOf(await start(['/lead', '/saas'], { parameters: { output: 'finding' } }).ended);
    const urls = items.map(({ json, pairedItem }) => [json.url, pairedItem]);
    expect(new Set(urls.map((pair) => JSON.stringify(pair)))).toEqual(new Set([
      JSON.stringify([`${site.origin}/lead`, { item: 0 }]), JSON.stringify([`${site.origin}/saas`, { item: 1 }]),
    ]));
    for (const { json } of items) expect(json).toMatchObject({ title: expect.any(String) as string, selectors: expect.any(Array) as string[] });
  }, 60_000);

  test('returns the raw result when it is not to be simplified', async () => {
    const [item] = outputOf(await start(['/lead'], { parameters: { simplify: false } }).ended);
    expect(item?.json).toMatchObject({ page: { status: 200 }, usage: { inputTokens: expect.any(Number) as number } });
    expect(item?.json.checks).not.toHaveLength(0);
  }, 60_000);

  test('takes numbers, lists and switches that expressions gave as text, and nothing for Files', async () => {
    const options = { devices: '={{ "mobile" }}', analyst: 'rules', maxFindings: '={{ "1" }}', deadlineSeconds: '={{ "60" }}' };
    const ended = await start(['/bare'], { parameters: { options, simplify: '={{ "false" }}', files: '={{ $json.nothing }}' } }).ended;
    expect(ended.data.resultData.error).toBeUndefined();
    const [item] = outputOf(ended);
    expect(item?.json.findings).toHaveLength(1);
    expect(item?.json).toMatchObject({ page: { status: 200 }, checks: expect.any(Array) as unknown[] });
  }, 60_000);

  test('feeds more items than the credit allows through one socket', async () => {
    const paths = Array.from({ length: 5 }, (_, index) => `/lead?visit=${index}`);
    const items = outputOf(await start(paths, { parameters: { options: { devices: ['mobile'], analyst: 'rules' } } }).ended);
    expect(items.map(({ json }) => json.url)).toEqual(paths.map((path) => `${site.origin}${path}`));
  }, 60_000);
});

describe('failures', () => {
  test('go to the error output, item by item, with what came in, the code and the page', async () => {
    const ended = await start(['/nothing-here', '/lead', 'http://127.0.0.2:1/'], { onError: 'continueErrorOutput' }).ended;
    expect(outputOf(ended).map(({ pairedItem }) => pairedItem)).toEqual([{ item: 1 }]);
    const errors = outputOf(ended, 1);
    expect(errors.map(({ pairedItem }) => pairedItem)).toEqual([{ item: 0 }, { item: 2 }]);
    const missing = `${site.origin}/nothing-here`;
    expect(errors.map(({ json }) => json)).toMatchObject([
      {
        url: missing, error: expect.stringMatching(/^page_error \(http_status\): /) as string,
        details: { url: missing, code: 'page_error', reason: 'http_status', retryable: false, advice: expect.any(String) as string },
      },
      { url: 'http://127.0.0.2:1/', error: expect.stringMatching(/^forbidden_url/) as string, details: { code: 'forbidden_url' } },
    ]);
  }, 60_000);

  test('end the run with the index, advice and page, and cancel the other pages', async () => {
    const { error } = (await start(['/product', 'http://127.0.0.2:1/']).ended).data.resultData;
    expect(error?.message).toMatch(/^forbidden_url/);
    expect(error).toMatchObject({ name: 'NodeApiError', httpCode: '403', context: { itemIndex: 1 } });
    expect(error?.description).toContain('CRO_ALLOW_HOSTS');
    expect(error?.description).toContain('http://127.0.0.2:1/');
    await expect.poll(async () => (await states())[0]).toBe('cancelled');
  }, 60_000);

  test('of a parameter name it as n8n does, and come before a page is opened', async () => {
    const hits = site.hits.length;
    const url = `${site.origin}/lead`;
    const cases: [json: unknown, options: NodeRunOptions['parameters'], message: string][] = [
      [undefined, {}, 'URL: is undefined, not an address'],
      [null, {}, 'URL: is null, not an address'],
      [[url, url], {}, 'URL: is a list of 2, not one address: use Split Out before this node'],
      [' ', {}, 'URL: is empty'],
      [url, { output: '={{ "pages" }}' }, "'Output' expects one of the following values: [page, finding] but we got 'pages'"],
      [url, { simplify: '={{ "maybe" }}' }, "'Simplify' expects a boolean but we got 'maybe'"],
      [url, { files: '={{ "pdf" }}' }, "'Files' expects one of the following values: [report, screenshot] but we got 'pdf'"],
      [url, { options: { maxFindings: '={{ "many" }}' } }, "'Max Findings' expects a number but we got 'many'"],
      [url, { options: { deadlineSeconds: 1 } }, "'Deadline (Seconds)' must be from 5 to 900, not 1"],
    ];
    for (const [value, parameters, message] of cases) {
      const ended = await start([], { items: [raw(value)], parameters, onError: 'continueRegularOutput' }).ended;
      expect(outputOf(ended).map(({ json }) => json.error)).toEqual([`bad_request: ${message}`]);
    }
    expect(site.hits).toHaveLength(hits);
    const language = await start(['/lead'], { parameters: { options: { language: '={{ "English!" }}' } } }).ended;
    expect(language.data.resultData.error?.message).toBe('bad_request: Language: must be a language tag such as en or de-AT');
  }, 60_000);

  test('leave the pages that succeeded paid for once when n8n tries the node again', async () => {
    const [before, hits] = [claude.requests.length, site.hits.length];
    const ended = await start(['/nothing-here', '/lead'], { retry: true, onError: 'continueRegularOutput' }).ended;
    expect(outputOf(ended).map(({ json }) => json.details ?? json.url)).toMatchObject([{ code: 'page_error' }, `${site.origin}/lead`]);
    expect(site.hits.slice(hits).filter((path) => path === '/nothing-here')).toHaveLength(2);
    expect(claude.requests).toHaveLength(before + 1);
  }, 60_000);

  test('of the connection are errors of each item', async () => {
    const wrongKey = await start(['/lead', '/saas'], { server: { url: server.url, apiKey: 'not-the-key' }, onError: 'continueRegularOutput' }).ended;
    expect(outputOf(wrongKey).map(({ json, pairedItem }) => [json.error, pairedItem])).toEqual([
      ['unauthorized: The render server refused the API key', { item: 0 }],
      ['unauthorized: The render server refused the API key', { item: 1 }],
    ]);
    const gone = await unusedOrigin();
    const { error } = (await start(['/lead'], { server: { url: gone } }).ended).data.resultData;
    expect(error?.message).toBe(`server_unreachable: No render server can be reached at ${gone}: the connection was refused`);
  });
});

test('Stop cancels the jobs on the server at once', async () => {
  const before = claude.requests.length;
  claude.behave({ kind: 'stall' }, { kind: 'stall' });
  const run = start(['/product', '/saas', '/lead']);
  await claude.received(before + 2);
  expect((await states()).slice(0, 2)).toEqual(['open', 'open']);
  run.stop();
  await run.ended.catch(() => {}); // the engine rejects the promise of a run that is stopped
  await claude.idle();
  expect((await states()).slice(0, 2)).toEqual(['cancelled', 'cancelled']);
}, 60_000);

describe('the test of the credential', () => {
  const testCredential = async (url: string, apiKey: string): Promise<string> => {
    const node = loader.getNode('croAnalyzer').type as INodeType;
    const call = node.methods?.credentialTest?.testCroRenderServer;
    const result = await call?.call({} as ICredentialTestFunctions, { id: '1', name: 'Server', type: 'croRenderServerApi', data: { url, apiKey } });
    return `${result?.status}: ${result?.message}`;
  };

  test('passes with a right key, pasted with blanks and a trailing slash', async () => {
    expect(await testCredential(`${server.url}/`, ` ${KEY}\n`)).toBe('OK: Connection successful!');
  });

  test('tells a wrong key, a missing key, a refused connection, an unknown host and a foreign server apart', async () => {
    expect(await testCredential(server.url, 'not-the-key')).toMatch(/^Error: .*refused the API key/);
    expect(await testCredential(server.url, '')).toMatch(/^Error: .*asks for an API key/);
    expect(await testCredential(await unusedOrigin(), KEY)).toMatch(/^Error: .*connection was refused/);
    expect(await testCredential('http://render.invalid', KEY)).toMatch(/^Error: .*host name is not known/);
    expect(await testCredential(site.origin, KEY)).toMatch(/^Error: .*not as a CRO render server does/);
    expect(await testCredential('render.example.com', KEY)).toMatch(/^Error: .*is not a server address/);
  });

  test('tells http and https apart where the other one is spoken', async () => {
    const tls = createTlsServer().listen(0, '127.0.0.1');
    await once(tls, 'listening');
    const { port } = tls.address() as AddressInfo;
    try {
      expect(await testCredential(`http://127.0.0.1:${port}`, KEY)).toMatch(/^Error: .*try https:\/\//);
      expect(await testCredential(site.origin.replace('http:', 'https:'), KEY)).toMatch(/^Error: .*try http:\/\//);
    } finally {
      tls.close();
    }
  });

  test('refuses an address with more than host, port and path, and repeats no password', async () => {
    for (const address of ['http://user:pw-1@render.example.com', 'user:pw-1@render.example.com']) {
      const message = await testCredential(address, KEY);
      expect(message).toMatch(/^Error: .*user name or password/);
      expect(message).not.toContain('pw-1');
    }
    for (const end of ['?a=1', '#a']) expect(await testCredential(`${server.url}/${end}`, KEY)).toMatch(/^Error: .*query \(\?\) or a hash/);
  });

  test('fails behind a proxy that passes HTTP but no WebSockets, and so does a run, at once', async () => {
    const proxy = await startSite({ '/v1/session': (_request, response) => void response.end('{"version":"1"}') });
    try {
      expect(await testCredential(proxy.origin, KEY)).toMatch(/^Error: .*answers HTTP but refuses WebSockets.*Upgrade/);
      const { error } = (await start(['/lead'], { server: { url: proxy.origin } }).ended).data.resultData;
      expect(error?.message).toBe(`server_unreachable: ${proxy.origin} answers HTTP but refuses WebSockets`);
    } finally {
      await proxy.close();
    }
  });
});

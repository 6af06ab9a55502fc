import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AnalysisRequestInput } from '@cro-analyzer/protocol/messages';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startFakeClaude, type FakeClaude } from '../support/fake-claude.ts';
import { answerOf, openTcp, upgradeRequest } from '../support/raw-connection.ts';
import { RawSocket } from '../support/raw-socket.ts';
import { spawnServer, type ServerProcess } from '../support/server-process.ts';
import { startSite, unusedOrigin, type Site } from '../support/site.ts';
import { startReceiver, type Receiver } from '../support/webhooks.ts';

/** None of these may be written to the log. Each is a word of its own, so that a part of it is found too. */
const SECRETS = {
  'an API key': 'apikeyKq7Zt2Vw9Xb4',
  'another API key': 'otherkeyRm3Yp8Lc5Nd',
  'a wrong key': 'wrongkeyHs6Gf1Jd0Wq',
  'the key for Claude': 'claudekeyTv5Bn2Mx8',
  'the secret of a webhook': 'hooksecretPz4Qw7Er1Ty',
  'a token in an address': 'urltokenUi9Op3As6Df',
  'a cookie of a page': 'cookieGh2Jk8Lz5Xc',
  'text of a page': 'pagetextVb1Nm7Qa4Ws',
  'what a caller told of the page': 'contextEd3Rf6Tg9Yh',
};
const { 'an API key': KEY, 'another API key': OTHER_KEY, 'a wrong key': WRONG_KEY, 'the key for Claude': CLAUDE_KEY, 'the secret of a webhook': HOOK_SECRET } = SECRETS;
const { 'a token in an address': TOKEN, 'a cookie of a page': COOKIE, 'text of a page': TEXT, 'what a caller told of the page': CONTEXT } = SECRETS;

const PAGE = `<!doctype html><html lang="en"><meta charset="utf-8"><title>${TEXT}</title><h1>${TEXT} for your home</h1><a href="/buy?token=${TOKEN}">${TEXT}</a>
<img src="/missing?token=${TOKEN}" alt="${TEXT}"><script>console.error('${TEXT}', document.cookie); setTimeout(() => { throw new Error('${TEXT}'); });</script>`;

/** A page that answers whatever looks at it with its own words. */
const TALKATIVE = `${PAGE}<script>
const say = () => { throw new Error('${TEXT} ${COOKIE}'); };
for (const name of ['getBoundingClientRect', 'getAttribute', 'matches', 'closest', 'querySelectorAll']) Element.prototype[name] = say;
for (const name of ['querySelector', 'querySelectorAll', 'createTreeWalker', 'elementsFromPoint']) document[name] = say;
Object.defineProperty(document, 'title', { get: say }); window.getComputedStyle = say; JSON.stringify = say; window.PerformanceObserver = say;
</script>`;

const html = (body: string, status = 200) => (_: IncomingMessage, response: ServerResponse): void =>
  void response.writeHead(status, { 'content-type': 'text/html', 'set-cookie': `session=${COOKIE}` }).end(body);

let site: Site;
let claude: FakeClaude;
let receiver: Receiver;
let server: ServerProcess;
let dataDir: string;
/** All that the server wrote while it lived. */
let log: string;

beforeAll(async () => {
  site = await startSite({
    '/page': html(PAGE), '/talkative': html(TALKATIVE), '/broken': html(PAGE, 500),
    '/cut': (_, response) => void response.destroy(),
    '/loop': (_, response) => void response.writeHead(302, { location: `/loop?token=${TOKEN}` }).end(),
    '/file': (_, response) => void response.writeHead(200, { 'content-type': 'application/zip', 'content-disposition': `attachment; filename="${TEXT}.zip"` }).end(TEXT),
    '/never': () => {},
  });
  claude = await startFakeClaude({ apiKey: CLAUDE_KEY });
  receiver = await startReceiver();
  dataDir = await mkdtemp(join(tmpdir(), 'cro-test-'));
  server = await spawnServer({
    CRO_DATA_DIR: dataDir, CRO_LOG_LEVEL: 'debug', CRO_API_KEYS: `${KEY},${OTHER_KEY}`, CRO_PAGES_PER_BROWSER: '4',
    ANTHROPIC_API_KEY: CLAUDE_KEY, ANTHROPIC_BASE_URL: claude.baseURL, CRO_WEBHOOK_ALLOW_HOSTS: '127.0.0.1',
  });
  const socket = await RawSocket.hello(server.url, 'cro.v1.json', KEY);
  await pages(socket);
  await answersOfClaude(socket);
  socket.close();
  await badFrames();
  await badRequests();
  await receiver.atLeast(2);
  await server.end('SIGTERM');
  log = server.log.join('\n');
}, 120_000);
afterAll(async () => {
  await Promise.all([server.end('SIGKILL'), site.close(), claude.close(), receiver.close()]);
  await rm(dataDir, { recursive: true, force: true });
});

/** Has a page analysed, whatever comes of it. */
async function analyse(socket: RawSocket, request: AnalysisRequestInput): Promise<void> {
  const ref = crypto.randomUUID();
  socket.send({ type: 'submit', ref, idempotencyKey: ref, request: { devices: ['mobile'], context: CONTEXT, analyst: 'rules', ...request } });
  const { job } = await socket.next('accepted', (frame) => frame.ref === ref);
  await socket.until(() => [...socket.of('result'), ...socket.of('failed')].some((end) => end.job === job));
}

async function pages(socket: RawSocket): Promise<void> {
  const nobody = await unusedOrigin();
  const query = `?token=${TOKEN}#${TOKEN}`;
  await Promise.all([
    ...['/page', '/talkative', '/broken', '/cut', '/loop', '/file'].map((path) => analyse(socket, { url: `${site.origin}${path}${query}` })),
    analyse(socket, { url: `${nobody}/${query}` }),
    analyse(socket, { url: `${site.origin}/never${query}`, deadlineMs: 5_000 }),
    analyse(socket, { url: `${site.origin}/page${query}`, wait: { selector: `#${CONTEXT}` }, deadlineMs: 5_000 }),
    analyse(socket, { url: `${site.origin}/page${query}`, webhook: { url: `${receiver.url}?token=${TOKEN}`, secret: HOOK_SECRET } }),
    analyse(socket, { url: `${site.origin}/broken${query}`, webhook: { url: `${receiver.url}?token=${TOKEN}`, secret: HOOK_SECRET } }),
    analyse(socket, { url: `${site.origin}/broken${query}`, webhook: { url: `${nobody}/?token=${TOKEN}`, secret: HOOK_SECRET } }),
  ]);
}

async function answersOfClaude(socket: RawSocket): Promise<void> {
  const url = `${site.origin}/page?token=${TOKEN}`;
  for (const behaviour of [
    { kind: 'answer' }, { kind: 'status', status: 400 }, { kind: 'refusal' }, { kind: 'text', text: `{"summary": "${TEXT}", "findings": [{"title": ${TEXT}` }, { kind: 'status', status: 401 },
  ] as const) {
    claude.behave(behaviour);
    await analyse(socket, { url, analyst: 'auto', deadlineMs: 8_000 });
  }
}

async function badFrames(): Promise<void> {
  const socket = await RawSocket.open(server.url);
  for (const frame of [KEY, `{"type":"hello","token":"${KEY}"`, `{"type":"hello","client":"x","token":"${KEY}","${KEY}":1}`, `{"type":"${KEY}"}`, `{"type":"submit","ref":"${KEY}"}`]) socket.socket.send(frame);
  socket.socket.send(Buffer.from(KEY)); // binary, where text is spoken
  socket.send({ type: 'hello', client: 'test', token: WRONG_KEY });
  await socket.until(() => socket.of('rejected').some(({ error }) => error.reason === 'wrong_key'));
  const welcomed = await RawSocket.hello(server.url, 'cro.v1.json', OTHER_KEY);
  const request = { url: `https://user:${KEY}@example.com/?token=${TOKEN}` };
  welcomed.send({ type: 'submit', ref: '1', idempotencyKey: `${KEY} ${TOKEN}`, request });
  welcomed.send({ type: 'submit', ref: '2', idempotencyKey: `${KEY} ${TOKEN}`, request: { ...request, [KEY]: KEY } });
  await welcomed.until(() => welcomed.of('rejected').length >= 2);
  for (const bytes of [upgradeRequest(server.url, { Authorization: `Bearer ${WRONG_KEY}`, Cookie: COOKIE }).replace('/v1/socket', `/v1/socket?token=${TOKEN}`), `GET /?token=${TOKEN} HTTP/1.1\r\nAuthorization: ${KEY}\r\n\r\n`, `${KEY}\r\n\r\n`]) {
    const line = await openTcp(server.url);
    line.write(bytes);
    await answerOf(line);
    line.destroy();
  }
  for (const used of [socket, welcomed]) used.close();
}

async function badRequests(): Promise<void> {
  const basic = Buffer.from(`user:${KEY}`).toString('base64');
  const ask = (path: string, init: RequestInit = {}): Promise<Response> => fetch(server.url + path, { ...init, headers: { authorization: `Bearer ${KEY}`, cookie: COOKIE, ...init.headers } });
  for (const authorization of [`Basic ${basic}`, `Bearer ${WRONG_KEY}`, KEY, `Bearer ${KEY} ${KEY}`]) await ask('/v1/session', { headers: { authorization } });
  for (const path of [`/v1/session?api_key=${KEY}`, `/v1/${TOKEN}?token=${TOKEN}`, `/v1/analyses/${TOKEN}`, `/v1/artifacts/${TOKEN}`, '/v1/analyses?limit=x']) await ask(path);
  for (const body of [`{"url":"${TOKEN}`, JSON.stringify({ url: `http://10.0.0.1/?token=${TOKEN}` }), JSON.stringify({ [KEY]: KEY })]) await ask('/v1/analyses', { method: 'POST', body });
}

describe('the log at its most talkative', () => {
  it('tells of what was done', () => {
    for (const words of ['session opened', 'job failed', 'Claude answered', 'a webhook was delivered', 'a webhook was not delivered', 'Claude gave no findings']) expect(log).toContain(words);
  });

  it.each(Object.entries(SECRETS))('does not show %s', (_, secret) => {
    const forms = [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64').slice(0, 16), createHash('sha256').update(secret).digest('hex')];
    expect(server.log.filter((line) => forms.some((form) => line.includes(form)))).toEqual([]);
  });

  it('shows no header and no cookie by name either', () => {
    expect(log).not.toMatch(/authorization|bearer |x-api-key|set-cookie|session=/i);
  });
});

describe('the data folder', () => {
  it('holds no API key, in no file', async () => {
    const files = (await readdir(dataDir, { recursive: true, withFileTypes: true })).filter((file) => file.isFile());
    expect(files.map(({ name }) => name)).toContain('cro.sqlite');
    for (const { parentPath, name } of files) {
      const bytes = await readFile(join(parentPath, name));
      for (const key of [KEY, OTHER_KEY, CLAUDE_KEY, WRONG_KEY]) expect([name, bytes.includes(key)]).toEqual([name, false]);
    }
  });
});

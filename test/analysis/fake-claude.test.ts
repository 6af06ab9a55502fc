/** The stand-in must be as strict as the real thing, or what passes here fails there. */
import { AnalysisRequest } from '@cro-analyzer/protocol/messages';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writePrompt } from '../../render-server/src/analysis/prompt.ts';
import { evidenceOf, tileOf, viewOf } from '../support/evidence.ts';
import { sizeOf } from '../support/fake-claude-request.ts';
import { startFakeClaude, type FakeClaude } from '../support/fake-claude.ts';

let fake: FakeClaude;
beforeAll(async () => {
  fake = await startFakeClaude();
});
afterAll(() => fake.close());

const request = AnalysisRequest.parse({ url: 'https://shop.example' });
const good = { ...writePrompt({ request, evidence: evidenceOf(), checks: [] }, 'claude-sonnet-5-5').params, stream: true };
const tall = { ...writePrompt({ request, evidence: evidenceOf({ views: [viewOf('desktop', { tiles: [tileOf({ box: { x: 0, y: 0, width: 1440, height: 2600 } })] })] }), checks: [] }, 'claude-sonnet-5-5').params, stream: true };

async function post(body: unknown, headers: Record<string, string> = {}): Promise<[number, string]> {
  const response = await fetch(`${fake.baseURL}/v1/messages`, {
    method: 'POST', body: JSON.stringify(body),
    headers: { authorization: 'Bearer test-key', 'anthropic-version': '2026-10-21', 'content-type': 'application/json', ...headers },
  });
  return [response.status, await response.text()];
}

test('a good request is streamed to the end, with rate headers', async () => {
  const [status, text] = await post(good);
  expect(status).toBe(200);
  expect(text).toContain('event: message_stop');
});

test.each([
  ['a sampling parameter', { ...good, temperature: 0 }, 'temperature'],
  ['an assistant prefill', { ...good, messages: [...good.messages, { role: 'assistant', content: [{ type: 'text', text: '{' }] }] }, 'messages'],
  ['an open output schema', { ...good, output_config: { format: { type: 'json_schema', schema: { type: 'object', properties: {} } } } }, 'additionalProperties must be false'],
  ['an optional field', { ...good, output_config: { format: { type: 'json_schema', schema: { type: 'object', properties: { a: {} }, additionalProperties: false } } } }, 'optional fields a'],
  ['a picture larger than the model sees', tall, '1440 x 2600'],
])('%s is a 400', async (_, body, message) => {
  const [status, text] = await post(body);
  expect([status, text]).toEqual([400, expect.stringContaining(message)]);
});

test('a wrong key is a 401, a missing version a 400, and 33 MB a 413', async () => {
  expect((await post(good, { authorization: 'Bearer other' }))[0]).toBe(401);
  expect((await post(good, { 'anthropic-version': '2023-06-01' }))[0]).toBe(400);
  expect((await post({ padding: 'x'.repeat(33 * 1024 * 1024) }))[0]).toBe(413);
});

test('it knows Claude models and no others', async () => {
  const get = (id: string) => fetch(`${fake.baseURL}/v1/models/${id}`, { headers: { authorization: 'Bearer test-key', 'anthropic-version': '2026-10-21' } });
  expect(await (await get('claude-sonnet-5-5')).json()).toMatchObject({ id: 'claude-sonnet-5-5', type: 'model' });
  expect((await get('gpt')).status).toBe(404);
});

test('the size of a JPEG is read from its frame, past other segments, and not from a table of Huffman codes', () => {
  const real = Buffer.from('ffd8ffe00004aabbffc40005010203ffc2000b0807d005a00301220000', 'hex');
  expect(sizeOf(real, 'image/jpeg')).toEqual({ width: 1440, height: 2000 });
  expect(() => sizeOf(real, 'image/png')).toThrow('not image/png');
});

import { createHmac, timingSafeEqual } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addWebhook, makeDue } from '../../render-server/src/store/webhooks.ts';
import { SCHEDULE } from '../../render-server/src/webhooks/sender.ts';
import { answer, QUICK, SECRET, startReceiver, startSending, type Received, type Receiver, type Sending } from '../support/webhooks.ts';

let folder: string;
let sending: Sending;
let receiver: Receiver;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cro-webhooks-'));
  sending = await startSending(folder, { schedule: { ...QUICK, pausesMs: [1_100] } });
  receiver = await startReceiver();
});

afterEach(async () => {
  await sending.stop();
  await receiver.close();
  await rm(folder, { recursive: true, force: true });
});

async function messageFor(secret: string): Promise<Received> {
  await sending.add('job_1', receiver.url, { secret });
  await sending.settled('job_1');
  const [message] = receiver.received;
  if (!message) throw new Error('no message came');
  return message;
}

/** A receiver's check, from the text of the standard: no code of the sender's or of its library. */
function accepts(key: Buffer, { headers, body }: Received, now = Date.now()): boolean {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature } = headers;
  if (Math.abs(now / 1_000 - Number(timestamp)) > 300) return false;
  const expected = Buffer.from(`v1,${createHmac('sha256', key).update(`${String(id)}.${String(timestamp)}.${body}`).digest('base64')}`);
  const given = Buffer.from(String(signature));
  return expected.length === given.length && timingSafeEqual(expected, given);
}

describe('a message', () => {
  it('is signed as Standard Webhooks says, with the secret as it is', async () => {
    const message = await messageFor('ein geheimes Wörtchen');
    expect(message.headers).toMatchObject({ 'content-type': 'application/json', 'user-agent': 'cro-analyzer', 'webhook-id': expect.stringMatching(/^msg_[0-9a-f]{24}$/) });
    expect(JSON.parse(message.body)).toEqual({ type: 'analysis.ended', timestamp: '2026-11-23T12:00:00.000Z', data: { id: 'job_1' } });
    expect(accepts(Buffer.from('ein geheimes Wörtchen'), message)).toBe(true);
  });

  it('is signed with the bytes of a secret in the form of the standard', async () => {
    const key = Buffer.from('0123456789abcdef0123456789abcdef');
    const message = await messageFor(`whsec_${key.toString('base64')}`);
    expect(accepts(key, message)).toBe(true);
    expect(new Webhook(key.toString('base64')).verify(message.body, { ...message.headers } as Record<string, string>)).toMatchObject({ type: 'analysis.ended' });
  });

  it('does not pass with another body, id, secret or time', async () => {
    const message = await messageFor(SECRET);
    const key = Buffer.from(SECRET);
    expect(accepts(key, message)).toBe(true);
    expect(accepts(key, { ...message, body: message.body.replace('job_1', 'job_2') })).toBe(false);
    expect(accepts(key, { ...message, headers: { ...message.headers, 'webhook-id': 'msg_other' } })).toBe(false);
    expect(accepts(key, { ...message, headers: { ...message.headers, 'webhook-timestamp': String(Number(message.headers['webhook-timestamp']) + 1) } })).toBe(false);
    expect(accepts(Buffer.from('another secret'), message)).toBe(false);
    expect(accepts(key, message, Date.now() + 600_000)).toBe(false);
  });

  it('keeps its id and body when it is sent again, and is signed anew at its time', async () => {
    await receiver.close();
    receiver = await startReceiver([answer(500)]);
    await sending.add('job_1', receiver.url);
    await sending.settled('job_1');
    const [first, second] = receiver.received;
    if (!first || !second) throw new Error('two messages should have come');
    expect(second.headers['webhook-id']).toBe(first.headers['webhook-id']);
    expect(second.body).toBe(first.body);
    expect(Number(second.headers['webhook-timestamp'])).toBeGreaterThan(Number(first.headers['webhook-timestamp']));
    expect(second.headers['webhook-signature']).not.toBe(first.headers['webhook-signature']);
    expect(accepts(Buffer.from(SECRET), second)).toBe(true);
  });

  it('is not sent before its subject has ended', async () => {
    await addWebhook(sending.database, { owner: 'owner', subject: 'job_open', webhook: { url: receiver.url, secret: SECRET } });
    sending.sender.wake();
    await sending.add('job_other', receiver.url);
    await sending.settled('job_other');
    expect(await sending.store.find('owner', 'job_open')).toEqual({ url: receiver.url, state: 'waiting', nextAt: null, attempts: [] });
    expect(receiver.received).toHaveLength(1);
    expect(await makeDue(sending.database, 'job_open', Date.now())).toBe(true);
    sending.sender.wake();
    expect(await sending.settled('job_open')).toMatchObject({ state: 'delivered' });
    expect(await makeDue(sending.database, 'job_open', Date.now())).toBe(false);
  });

  it('about something that is gone fails', async () => {
    await sending.stop();
    sending = await startSending(folder, { payload: async () => undefined });
    await sending.add('job_1', receiver.url);
    expect(await sending.settled('job_1')).toMatchObject({ state: 'failed', attempts: [{ error: 'gone' }] });
    expect(receiver.received).toEqual([]);
  });
});

it('is tried for a day, ever more rarely', () => {
  expect(SCHEDULE).toEqual({ pausesMs: [5_000, 30_000, 120_000, 600_000, 1_800_000, 3_600_000], attemptMs: 15_000, giveUpMs: 86_400_000 });
});

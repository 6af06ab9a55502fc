import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { unusedOrigin } from '../support/site.ts';
import { answer, QUICK, SECRET, startReceiver, startSending, type Receiver, type Sending } from '../support/webhooks.ts';

let folder: string;
let sending: Sending;
let receiver: Receiver | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cro-webhooks-'));
  sending = await startSending(folder);
});

afterEach(async () => {
  await sending.stop();
  await receiver?.close();
  receiver = undefined;
  await rm(folder, { recursive: true, force: true });
});

async function restart(options: Parameters<typeof startSending>[1] = {}): Promise<void> {
  await sending.stop();
  sending = await startSending(folder, options);
}

/** What each attempt came to, in order. */
async function outcome(subject: string): Promise<{ state: string; attempts: unknown[] }> {
  const { state, attempts } = await sending.settled(subject);
  return { state, attempts: attempts.map(({ status, error }) => [status, error].filter((part) => part !== undefined).join(' ')) };
}

/** A server that, whatever it is asked, writes its head at once and the rest as slowly as a byte every 20 ms, until its client is gone. */
async function startDribbling(head: string, rest: string): Promise<{ url: string; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).resume();
    if (head !== '') socket.write(head);
    const bytes = Buffer.from(rest).values();
    const timer = setInterval(() => {
      const { value, done } = bytes.next();
      if (done) socket.end();
      else socket.write(Buffer.of(value));
    }, 20);
    socket.on('close', () => clearInterval(timer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    close: () => new Promise((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    }),
  };
}

describe('a message arrives in the end, and the log tells each attempt', () => {
  it('when its receiver is down for a while', async () => {
    const origin = await unusedOrigin();
    const refused = sending.nextNote();
    await sending.add('job_1', `${origin}/hook`);
    expect(await refused).toMatchObject({ attempt: { error: 'connect' }, state: 'due' });
    receiver = await startReceiver([], Number(new URL(origin).port));
    const { state, attempts } = await outcome('job_1');
    expect(state).toBe('delivered');
    expect(attempts.at(0)).toBe('connect');
    expect(attempts.at(-1)).toBe('204');
    expect(receiver.received).toHaveLength(1);
  });

  it('when its receiver answers 500 and 404 before it can take it', async () => {
    receiver = await startReceiver([answer(500), answer(404), answer(500)]);
    await sending.add('job_1', receiver.url);
    expect(await outcome('job_1')).toEqual({ state: 'delivered', attempts: ['500', '404', '500', '204'] });
  });

  it('when its receiver does not answer at all', async () => {
    await restart({ schedule: { ...QUICK, attemptMs: 200 } });
    receiver = await startReceiver([() => {}]);
    await sending.add('job_1', receiver.url);
    expect(await outcome('job_1')).toEqual({ state: 'delivered', attempts: ['timeout', '204'] });
  });

  it('when its receiver resets the connection', async () => {
    receiver = await startReceiver([(request) => void request.socket.resetAndDestroy(), (request) => void request.socket.destroy()]);
    await sending.add('job_1', receiver.url);
    expect(await outcome('job_1')).toEqual({ state: 'delivered', attempts: ['connect', 'connect', '204'] });
  });

  it('when its receiver sends it elsewhere first: that is an error, and elsewhere hears nothing', async () => {
    receiver = await startReceiver([301, 302, 303, 307, 308].map((status) => answer(status, { location: '/elsewhere' })));
    await sending.add('job_1', receiver.url);
    expect(await outcome('job_1')).toEqual({ state: 'delivered', attempts: ['301 redirect', '302 redirect', '303 redirect', '307 redirect', '308 redirect', '204'] });
    expect(new Set(receiver.received.map(({ path }) => path))).toEqual(new Set(['/hook']));
  });

  it('when the server restarts between two attempts', async () => {
    receiver = await startReceiver([answer(503)]);
    await restart({ schedule: { ...QUICK, pausesMs: [1_000] } });
    const first = sending.nextNote();
    await sending.add('job_1', receiver.url);
    expect(await first).toMatchObject({ attempt: { status: 503 }, state: 'due' });
    await restart();
    expect(await outcome('job_1')).toEqual({ state: 'delivered', attempts: ['503', '204'] });
    const [before, after] = receiver.received;
    expect(after?.headers['webhook-id']).toBe(before?.headers['webhook-id']);
    expect(after?.body).toBe(before?.body);
  });

  it('when the server stops while it is on its way', async () => {
    receiver = await startReceiver([() => {}]);
    await sending.add('job_1', receiver.url);
    await receiver.atLeast(1);
    await restart();
    expect(await outcome('job_1')).toEqual({ state: 'delivered', attempts: ['204'] });
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
  });

  it('when the store does not take the note of an attempt at first', async () => {
    receiver = await startReceiver();
    await sql`create trigger full before update of log on webhooks begin select raise(fail, 'database or disk is full'); end`.execute(sending.database);
    const refused = sending.nextRefusal();
    await sending.add('job_1', receiver.url);
    await refused;
    await sql`drop trigger full`.execute(sending.database);
    expect(await outcome('job_1')).toEqual({ state: 'delivered', attempts: ['204'] });
    expect(receiver.received).toHaveLength(1);
  });
});

describe('a receiver that misbehaves costs no more than its time', () => {
  it('a head that comes byte by byte ends at the limit of the attempt', async () => {
    await restart({ schedule: { ...QUICK, attemptMs: 200, giveUpMs: 0 } });
    const dribbling = await startDribbling('', `HTTP/1.1 200 OK\r\nx-slow: ${'a'.repeat(1_000)}\r\n\r\n`);
    await sending.add('job_1', dribbling.url);
    expect(await outcome('job_1')).toEqual({ state: 'failed', attempts: ['timeout'] });
    await dribbling.close();
  });

  it('a body that comes byte by byte does not undo the status before it', async () => {
    await restart({ schedule: { ...QUICK, attemptMs: 1_000 } });
    const dribbling = await startDribbling('HTTP/1.1 200 OK\r\n\r\n', 'a'.repeat(1_000));
    await sending.add('job_1', dribbling.url);
    expect(await outcome('job_1')).toEqual({ state: 'delivered', attempts: ['200'] });
    await dribbling.close();
  });

  it('an endless body is read for a few kilobytes and then hung up on', async () => {
    const hungUp = Promise.withResolvers<number>();
    receiver = await startReceiver([(_, response) => void pour(response).then(hungUp.resolve)]);
    await sending.add('job_1', receiver.url);
    expect(await outcome('job_1')).toEqual({ state: 'delivered', attempts: ['200'] });
    expect(await hungUp.promise).toBeLessThan(32 * 1024 * 1024); // what the buffers of both sides hold
  });

  it('headers without end are an error', async () => {
    await restart({ schedule: { ...QUICK, giveUpMs: 0 } });
    receiver = await startReceiver([(_, response) => void response.writeHead(200, { 'x-large': 'a'.repeat(64 * 1024) }).end()]);
    await sending.add('job_1', receiver.url);
    expect(await outcome('job_1')).toEqual({ state: 'failed', attempts: ['connect'] });
  });

  it('receivers of one key that hang do not hold up those of another', async () => {
    const hanging = await startReceiver(Array.from({ length: 100 }, () => () => {}));
    receiver = await startReceiver();
    for (let index = 0; index < 20; index += 1) await sending.add(`job_a${index}`, hanging.url, { owner: 'a' });
    await hanging.atLeast(1);
    await sending.add('job_b', receiver.url, { owner: 'b' });
    expect(await outcome('job_b')).toEqual({ state: 'delivered', attempts: ['204'] });
    expect(hanging.received.length).toBeLessThanOrEqual(8);
    await sending.sender.stop();
    await hanging.close();
  });
});

describe('a message that cannot be delivered', () => {
  it('is not tried again when its receiver says 410 Gone', async () => {
    receiver = await startReceiver([answer(500), answer(410)]);
    await sending.add('job_1', receiver.url);
    expect(await outcome('job_1')).toEqual({ state: 'failed', attempts: ['500', '410'] });
  });

  it('is given up a day after the end of its job, however often the server was down meanwhile', async () => {
    receiver = await startReceiver([answer(500), answer(500)]);
    await sending.add('job_old', receiver.url, { endedAt: Date.now() - 25 * 3_600_000 });
    expect(await outcome('job_old')).toEqual({ state: 'failed', attempts: ['500'] });
    await sending.add('job_new', receiver.url, { endedAt: Date.now() - 23 * 3_600_000 });
    expect(await outcome('job_new')).toEqual({ state: 'delivered', attempts: ['500', '204'] });
  });

  it('waits longer after each attempt, and its owner is shown when it is tried next', async () => {
    await restart({ schedule: { ...QUICK, pausesMs: [0, 60_000] } });
    receiver = await startReceiver([answer(500), answer(502)]);
    const first = sending.nextNote();
    await sending.add('job_1', receiver.url);
    await first;
    await sending.nextNote();
    const log = await sending.store.find('owner', 'job_1');
    expect(log).toMatchObject({ url: receiver.url, state: 'due', attempts: [{ status: 500 }, { status: 502 }] });
    expect(log?.nextAt).toBeGreaterThan(Date.now() + 50_000);
    expect(await sending.store.find('somebody else', 'job_1')).toBeUndefined();
  });

  it.each([['delivered', 204], ['failed', 410]])('leaves no secret behind when it is %s, and never shows it', async (state, status) => {
    receiver = await startReceiver([answer(status)]);
    await sending.add('job_1', receiver.url);
    expect(await outcome('job_1')).toMatchObject({ state });
    const rows = await sending.database.selectFrom('webhooks').selectAll().execute();
    expect(JSON.stringify(rows)).not.toContain(SECRET);
  });

  it('keeps the last 50 attempts in its log', async () => {
    receiver = await startReceiver([...Array.from({ length: 60 }, () => answer(500))]);
    await sending.add('job_1', receiver.url);
    const { attempts } = await outcome('job_1');
    expect(attempts).toHaveLength(50);
    expect(attempts.at(-1)).toBe('204');
  });
});

/** Writes for ever; resolves with the bytes written when the other side has hung up. */
async function pour(response: ServerResponse): Promise<number> {
  const chunk = Buffer.alloc(64 * 1024);
  response.on('error', () => {}).writeHead(200);
  const closed = once(response, 'close');
  const write = (): void => {
    while (!response.destroyed && response.write(chunk));
  };
  response.on('drain', write);
  write();
  await closed;
  return response.socket?.bytesWritten ?? 0;
}

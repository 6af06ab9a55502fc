import { pino } from 'pino';
import { codecFor } from '@cro-analyzer/protocol/codec';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AllowList } from '../../render-server/src/addresses.ts';
import { Admission } from '../../render-server/src/gateway/admission.ts';
import { Auth } from '../../render-server/src/gateway/auth.ts';
import { SessionLimits } from '../../render-server/src/gateway/session-limits.ts';
import { Session } from '../../render-server/src/gateway/session.ts';
import { RawSocket } from '../support/raw-socket.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { startSite, type Site } from '../support/site.ts';

let site: Site;
let server: TestServer;
beforeAll(async () => {
  site = await startSite({ '/hang': () => {} });
  server = await startServer({ CRO_CREDIT: '1' });
});
afterAll(async () => {
  await server.close();
  await site.close();
});

describe('a session that closes', () => {
  it('in the moment of its submit follows nothing: the job goes as its client chose', async () => {
    const codec = codecFor('cro.v1.json');
    const session = new Session({
      subprotocol: 'cro.v1.json', head: { peer: '127.0.0.1', forwardedFor: undefined, host: undefined, origin: undefined, authorization: undefined },
      bufferedBytes: 0, send() {}, pause() {}, resume() {}, admit() {}, close() {},
    }, '127.0.0.1', {
      jobs: server.app.jobs, auth: new Auth([]), sessions: new SessionLimits({}),
      admission: new Admission({ pages: AllowList.parse(['127.0.0.1']), webhooks: AllowList.parse([]), hasClaude: false }),
      credit: 10, analysts: ['rules'], limits: { deadlineMs: 1, queueMax: 1 }, version: 'test', logger: pino({ level: 'silent' }),
    });
    session.message(codec.encode({ type: 'hello', client: 'test' }));
    session.message(codec.encode({ type: 'submit', ref: 'r1', idempotencyKey: 'closed at once', onLost: 'cancel', request: { url: `${site.origin}/hang` } }));
    session.closed();
    await expect.poll(async () => (await server.app.jobs.list('local', 10)).map(({ stage }) => stage), { timeout: 10_000 }).toEqual(['cancelled']);
  });
});

describe('the credit of a session', () => {
  it('is used up by an open job of an earlier session that it watches, until that ends', async () => {
    const submit = (ref: string) => ({ type: 'submit', ref, idempotencyKey: `credit of ${ref}`, request: { url: `${site.origin}/hang` } });
    const first = await RawSocket.hello(server.url);
    first.send(submit('before'));
    const { job } = await first.next('accepted');
    first.close();
    const second = await RawSocket.hello(server.url);
    second.send({ type: 'watch', job });
    await second.next('snapshot');
    second.send(submit('above'));
    expect((await second.next('rejected')).error.code).toBe('credit_exceeded');
    second.send({ type: 'cancel', job });
    await second.next('cancelled');
    second.send(submit('within'));
    const { job: next } = await second.next('accepted');
    second.send({ type: 'cancel', job: next });
    await second.next('cancelled', (frame) => frame.job === next);
    second.close();
  });
});

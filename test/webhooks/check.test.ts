import { describe, expect, it } from 'vitest';
import { AllowList } from '../../render-server/src/addresses.ts';
import { checkWebhook } from '../../render-server/src/webhooks/check.ts';

const NONE = AllowList.parse([]);
const secret = 'a secret of the caller';

describe('a webhook', () => {
  it.each([
    ['https://hooks.example.com/x?y=1', secret],
    ['http://93.184.216.34:8080/', secret],
    ['https://hooks.example.com/', 'whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3'],
  ])('is taken: %s', (url, given) => {
    expect(() => checkWebhook({ url, secret: given }, NONE)).not.toThrow();
  });

  it.each([
    ['nonsense', 'bad_request', /^webhook\.url: must be a complete address/],
    ['ftp://example.com/', 'forbidden_url', /^webhook\.url: Only http and https/],
    ['http://user:word@example.com/', 'forbidden_url', /^webhook\.url: .*password/],
    ['http://127.0.0.1/', 'forbidden_url', /^webhook\.url: This address is private/],
  ])('is refused when its address may not be reached: %s', (url, code, message) => {
    expect(() => checkWebhook({ url, secret }, NONE)).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }));
  });

  it('may lead to a private host that the operator opened for webhooks', () => {
    expect(() => checkWebhook({ url: 'http://10.1.2.3:5678/hook', secret }, AllowList.parse(['10.1.0.0/16']))).not.toThrow();
  });

  it('is refused when its secret says that it is base64 and is not', () => {
    expect(() => checkWebhook({ url: 'https://example.com/', secret: 'whsec_not base64 at all' }, NONE)).toThrow(expect.objectContaining({ code: 'bad_request' }));
  });
});

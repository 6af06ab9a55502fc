import { AnalysisRequest } from '@cro-analyzer/protocol/messages';
import { describe, expect, it } from 'vitest';
import { AllowList } from '../../render-server/src/addresses.ts';
import { Admission } from '../../render-server/src/gateway/admission.ts';

const admission = new Admission({ pages: AllowList.parse(['localhost', '127.0.0.1', '::1']), webhooks: AllowList.parse([]), hasClaude: false });
const admitted = (url: string): string => admission.admit(AnalysisRequest.parse({ url })).url;

describe('an address as people write it', () => {
  it.each([
    ['example.com', 'https://example.com/'],
    ['Example.COM/Offer?a=1', 'https://example.com/Offer?a=1'],
    ['example.com:8443/x', 'https://example.com:8443/x'],
    ['bücher.example', 'https://xn--bcher-kva.example/'],
    ['localhost:3000/shop', 'http://localhost:3000/shop'],
    ['127.0.0.1:9401/good', 'http://127.0.0.1:9401/good'],
    ['[::1]:9401/good', 'http://[::1]:9401/good'],
    [' https://example.com ', 'https://example.com/'],
  ])('%s means %s', (written, meant) => expect(admitted(written)).toBe(meant));

  it.each([['nonsense', 'bad_request'], ['mailto:me@example.com', 'forbidden_url'], ['file:///etc/passwd', 'forbidden_url'], ['10.0.0.1', 'forbidden_url'], ['javascript:alert(1)', 'forbidden_url']])(
    '%s is refused with %s', (written, code) => expect(() => admitted(written)).toThrow(expect.objectContaining({ code })));

  it('is refused by name when it is too long once it is written out', () => {
    const long = `https://example.com/${'é'.repeat(2_000)}`;
    expect(() => admitted(long)).toThrow(expect.objectContaining({ code: 'bad_request', reason: 'url', message: expect.stringMatching(/^url: .*2048/) }));
    expect(admitted(`https://example.com/${'e'.repeat(2_028)}`)).toHaveLength(2_048);
  });

  it('needs a server with a key when only Claude will do, and trying again does not help', () => {
    const request = AnalysisRequest.parse({ url: 'https://example.com', analyst: 'claude' });
    expect(() => admission.admit(request)).toThrow(expect.objectContaining({ code: 'analyst_unavailable', retryable: false }));
  });
});

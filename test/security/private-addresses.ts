/** Addresses that are not the public internet's, for every test of what may be opened. Every part that opens an address is tried with all of them. */

/** Hosts as they may be written in a URL, by what they mean. Each is a literal: none needs DNS. */
export const PRIVATE_HOSTS: Readonly<Record<string, readonly string[]>> = {
  'loopback': ['127.0.0.1', '127.0.0.2', '127.1.1.1', '127.255.255.254', '[::1]', '[0:0:0:0:0:0:0:1]', '[0000:0000:0000:0000:0000:0000:0000:0001]', '[::0001]'],
  'decimal, octal, hexadecimal and short forms': [
    '2130706433', '017700000001', '0x7f000001', '0X7F000001', '0x7f.0.0.1', '0x7f.0x0.0x0.0x1', '0177.0.0.1', '0177.0000.0000.0001',
    '00000177.0.0.1', '127.1', '127.0.1', '127.0x1', '0x7f.1', '0177.1', '0x0000007f.1', '127.0.0.01', '127.0.0.0x1', '127.65535',
    '2852039166', '0xa9fea9fe', '025177524776', '0xa9.0xfe.0xa9.0xfe', '0251.0376.0251.0376', '169.254.43518', '169.16689662',
    '167772161', '0xc0a80001', '3232235521', '10.1', '192.168.257',
  ],
  'IPv4 in another script': ['１２７.０.０.１', '127。0。0。1', '127．0．0．1', '127｡0｡0｡1', '①②⑦.⓪.⓪.①', '⑯⑨.②⑤④.⑯⑨.②⑤④', '１６９。２５４。１６９。２５４'],
  'percent-encoded': ['%31%32%37.0.0.1', '127%2e0%2e0%2e1', '%6c%6f%63%61%6c%68%6f%73%74', '127.0.0.%31', '127%E3%80%820%E3%80%820%E3%80%821'],
  'unspecified': ['0.0.0.0', '0', '0x0', '00', '0.1.2.3', '0.255.255.255', '[::]', '[0:0:0:0:0:0:0:0]', '[0::0]'],
  'private': ['10.0.0.1', '10.255.255.254', '172.16.0.1', '172.31.255.254', '192.168.0.1', '192.168.255.254', '192.168.1.254'],
  'link-local and metadata': [
    '169.254.169.254', '169.254.0.1', '169.254.169.253', '169.254.170.2', '169.254.255.254', '168.63.129.16', '100.100.100.200', '192.0.0.192',
    '[fe80::1]', '[fe80::a9fe:a9fe]', '[febf::1]', '[fd00:ec2::254]', '[fd20:ce::254]',
  ],
  'carrier-grade NAT': ['100.64.0.1', '100.96.0.1', '100.127.255.254'],
  'IPv4-mapped IPv6': ['[::ffff:127.0.0.1]', '[::FFFF:7F00:1]', '[0:0:0:0:0:ffff:7f00:0001]', '[::ffff:10.0.0.1]', '[::ffff:169.254.169.254]', '[::ffff:a9fe:a9fe]', '[::ffff:0.0.0.0]', '[::ffff:192.168.0.1]', '[::ffff:8.8.8.8]'],
  'IPv4-compatible IPv6': ['[::127.0.0.1]', '[::7f00:1]', '[::a9fe:a9fe]', '[::10.0.0.1]', '[::ffff:0:127.0.0.1]', '[::ffff:0:a9fe:a9fe]'],
  'NAT64': ['[64:ff9b::127.0.0.1]', '[64:ff9b::7f00:1]', '[64:ff9b::a9fe:a9fe]', '[64:ff9b::10.0.0.1]', '[64:ff9b:1::a9fe:a9fe]', '[64:ff9b:1:fffe::7f00:1]'],
  '6to4': ['[2002:7f00:1::]', '[2002:7f00:1::1]', '[2002:a9fe:a9fe::]', '[2002:a00:1::1]', '[2002:c0a8:1::1]'],
  'Teredo': ['[2001::1]', '[2001:0:7f00:1::]', '[2001:0:a9fe:a9fe::1]', '[2001:0:4136:e378:8000:63bf:80ff:fffe]'],
  'unique and site-local IPv6': ['[fc00::1]', '[fd00::1]', '[fd12:3456:789a::1]', '[fdff:ffff::1]', '[fec0::1]', '[feff::1]'],
  'reserved, test and multicast': [
    '192.0.0.8', '192.0.2.1', '192.88.99.1', '198.18.0.1', '198.19.255.254', '198.51.100.1', '203.0.113.1', '224.0.0.1', '239.255.255.250', '240.0.0.1', '255.255.255.255',
    '[100::1]', '[2001:2::1]', '[2001:10::1]', '[2001:20::1]', '[2001:db8::1]', '[3fff::1]', '[4000::1]', '[5f00::1]', '[ff02::1]', '[ff0e::1]',
  ],
  'names of this machine': ['localhost', 'LOCALHOST', 'LocalHost', 'a.localhost', 'a.b.localhost', 'metadata.localhost', 'ｌｏｃａｌｈｏｓｔ', 'ⓛⓞⓒⓐⓛⓗⓞⓢⓣ'],
  'a dot at the end': ['127.0.0.1.', '169.254.169.254.', '0x7f.1.', '2130706433.', 'localhost.', 'a.localhost.', '127。0。0。1。'],
};

/** What a DNS server may answer for a name that leads inside: the text of addresses, as in a record. */
export const PRIVATE_ADDRESSES: readonly string[] = [
  '127.0.0.1', '127.8.8.8', '0.0.0.0', '0.1.2.3', '10.0.0.1', '10.255.255.254', '172.16.0.1', '172.31.255.254', '192.168.0.1', '169.254.169.254', '169.254.170.2',
  '168.63.129.16', '100.64.0.1', '100.100.100.200', '192.0.0.192', '192.0.2.1', '192.88.99.1', '198.18.0.1', '198.51.100.1', '203.0.113.1', '224.0.0.1', '240.0.0.1', '255.255.255.255',
  '::', '::1', '::7f00:1', '::a9fe:a9fe', '::ffff:7f00:1', '::ffff:a9fe:a9fe', '::ffff:808:808', '64:ff9b::7f00:1', '64:ff9b::a9fe:a9fe', '64:ff9b:1::a9fe:a9fe', '100::1',
  '2001::1', '2001:db8::1', '2002:7f00:1::1', '2002:a9fe:a9fe::', '3fff::1', 'fc00::1', 'fd00::1', 'fd00:ec2::254', 'fe80::1', 'fec0::1', 'ff02::1',
];

/** Whole addresses that are refused with `forbidden_url`, for something else than their host or for how they are written. */
export const FORBIDDEN_URLS: readonly string[] = [
  'http://user@example.com/', 'http://user:secret@example.com/', 'http://:secret@example.com/', 'http://example.com@127.0.0.1/', 'http://example.com:80@127.0.0.1/',
  'http://127.0.0.1@example.com/', 'http://example.com%40127.0.0.1@10.0.0.1/', 'http:\\\\127.0.0.1\\', 'http:/127.0.0.1/', 'http:127.0.0.1', 'http:////127.0.0.1/', ' \thttp://127.0.0.1/ ',
  'ht\ntp://127.0.0.1/', 'http://127.0.\t0.1/', 'HTTP://127.0.0.1/', 'hTTpS://[::1]/', 'http://127.0.0.1#@example.com/', 'http://127.0.0.1?@example.com/', 'http://127.0.0.1\\@example.com/',
  'http://127.0.0.1:0/', 'http://127.0.0.1:22/', 'http://127.0.0.1:6379/', 'http://127.0.0.1:65535/', 'https://127.0.0.1:443/', 'http://127.0.0.1:00080/',
  'http://example.com./', 'http://example.com。/', 'http://example.com../',
  'file:///etc/passwd', 'FILE:///etc/passwd', 'file://localhost/etc/passwd', 'file:/etc/passwd', 'file:\\\\127.0.0.1\\share', 'data:text/html,<h1>x</h1>', 'data:,x', 'ftp://127.0.0.1/', 'ftps://127.0.0.1/',
  'gopher://127.0.0.1:6379/_INFO', 'dict://127.0.0.1:11211/stats', 'ldap://127.0.0.1/', 'tftp://127.0.0.1/x', 'sftp://127.0.0.1/', 'ssh://127.0.0.1/', 'jar:http://127.0.0.1!/', 'netdoc:///etc/passwd',
  'javascript:alert(1)', 'JaVaScRiPt:alert(1)', 'vbscript:x', 'blob:http://127.0.0.1/1', 'filesystem:http://127.0.0.1/temporary/x', 'about:blank', 'about:srcdoc', 'chrome://version', 'chrome://settings/',
  'chrome-extension://abc/x', 'chrome-untrusted://x/', 'chrome-error://chromewebdata/', 'devtools://devtools/bundled/inspector.html', 'view-source:http://127.0.0.1/', 'view-source:file:///etc/passwd',
  'ws://127.0.0.1/', 'wss://127.0.0.1/', 'intent://127.0.0.1/#Intent;scheme=http;end', 'mailto:x@example.com', 'tel:+1', 'urn:isbn:1', 'isolated-app://x/', 'unix:/var/run/docker.sock', 'http+unix://%2fvar%2frun%2fdocker.sock/',
];

/** What is no complete address: `bad_request`. */
export const MALFORMED_URLS: readonly string[] = [
  '', 'x', '//127.0.0.1/', '/etc/passwd', 'http://', 'http://[::1', 'http://::1/', 'http://[::1%25eth0]/', 'http://[fe80::1%eth0]/', 'http://[127.0.0.1]/',
  'http://256.0.0.1/', 'http://1.2.3.4.5/', 'http://127.0.0.1:65536/', 'http://127.0.0.1:-1/', 'http://127.0.0.1:port/', 'http://0x7f.0.0.0x100/', 'http://4294967296/', 'http://127.0.0.1 .example.com/', 'http://127.0.0.1%00.example.com/',
];

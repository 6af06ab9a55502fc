import { blob, css, js, svg, type Ways } from './way.ts';

/** What follows a redirect, by the code of which there are five. */
const FOLLOWERS: Readonly<Record<string, string>> = {
  'img': '<img src="{redirect}">', 'script': '<script src="{redirect}"></script>', 'stylesheet': '<link rel="stylesheet" href="{redirect}">', 'iframe': '<iframe src="{redirect}"></iframe>',
  'fetch': js(`fetch('{redirect}')`), 'post': js(`fetch('{redirect}', { method: 'POST', body: 'x', mode: 'no-cors' })`), 'xhr': js(`const x = new XMLHttpRequest(); x.open('GET', '{redirect}'); x.send()`), 'tab': js(`open('{redirect}')`),
};
const REDIRECT_CODES = [301, 302, 303, 307, 308] as const;

export const REDIRECTS: Ways = {
  ...Object.fromEntries(REDIRECT_CODES.flatMap((code) => Object.entries(FOLLOWERS).map(([name, html]) => [`redirect-${code}-${name}`, html.replace('{redirect}', `{redirect}&code=${code}`)]))),
  ...Object.fromEntries(Object.entries({
    'object': '<object data="{redirect}"></object>', 'embed': '<embed src="{redirect}">', 'video': '<video preload="auto" src="{redirect}"></video>', 'font': css('@font-face { font-family: f; src: url("{redirect}") } #x { font-family: f }'),
    'css': css('#x { background: url("{redirect}") }'), 'css-import': css('@import "{redirect}";'), 'module': '<script type="module" src="{redirect}"></script>', 'event-source': js(`new EventSource('{redirect}')`),
    'beacon': js(`navigator.sendBeacon('{redirect}', 'x')`), 'keepalive': js(`fetch('{redirect}', { keepalive: true, mode: 'no-cors' })`), 'ping': '<a id="a" href="#x" ping="{redirect}">x</a><script>a.click()</script>',
    'location': js(`location = '{redirect}'`), 'refresh': '<meta http-equiv="refresh" content="0;url={redirect}">', 'form': '<form method="post" action="{redirect}"></form><script>document.forms[0].submit()</script>',
    'srcdoc': `<iframe srcdoc="<img src='{redirect}'>"></iframe>`, 'worker-fetch': js(`new Worker(${blob(`fetch(self.name)`)}, { name: new URL('{redirect}', location).href })`),
    'preload': '<link rel="preload" as="image" href="{redirect}">', 'prefetch': '<link rel="prefetch" href="{redirect}">', 'svg-image': svg('<image href="{redirect}"/>'), 'download': '<a id="a" download href="{redirect}">x</a><script>a.click()</script>',
    'twice': '<img src="{redirect}&hops=1">', 'five-times': '<img src="{redirect}&hops=4">', 'by-another-site': '<img src="{redirect}&hops=1&by=second.test">', 'by-another-site-frame': '<iframe src="{redirect}&hops=2&by=second.test"></iframe>',
    'relative-scheme': '<img src="{redirect}&form=//">', 'upper-case': '<img src="{redirect}&form=HTTP">', 'user': js(`open('{redirect}&form=user@')`), 'fragment': '<iframe src="{redirect}&form=fragment"></iframe>',
  }).map(([name, html]) => [`redirect-${name}`, html])),
};

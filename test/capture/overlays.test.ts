import { describe, expect, test } from 'vitest';
import type { Overlay, View } from '../../render-server/src/evidence.ts';
import { overlayOf } from '../../render-server/src/capture/overlays.ts';
import { page, useCapturing } from '../support/capturing.ts';

const { view } = useCapturing();
const content = '<main><h1>Hello</h1><p style="height:3000px">Content of the page proper, long enough to scroll.</p></main>';

function only({ overlays }: View): Overlay {
  if (overlays.length !== 1 || overlays[0] === undefined) throw new Error(`${overlays.length} overlays: ${overlays.map(({ selector }) => selector).join()}`);
  return overlays[0];
}

describe('an overlay', () => {
  test('that covers everything is a dialog with the share it covers and blocks', async () => {
    const overlay = only(await view(page(`${content}<div id="veil" style="position:fixed;inset:0;background:rgba(0,0,0,.6)"><div role="dialog" aria-modal="true" style="margin:100px auto;width:400px;background:#fff"><p>Ten percent off</p><button aria-label="Close">×</button></div></div>`)));
    expect(overlay).toMatchObject({ selector: '#veil', kind: 'dialog', coverage: 1, blocked: 1, text: 'Ten percent off ×' });
    expect(overlay.close).toMatchObject({ name: 'Close' });
    expect(overlay.close?.box.width).toBeGreaterThan(0);
  });

  test('is measured where a phone draws it, also when something sticks out of the page', async () => {
    const wide = '<div style="width:900px">A table that is too wide</div>';
    const { overlays, metaViewport } = await view(page(`${content}${wide}<div role="dialog" style="position:fixed;inset:auto 0 0 0;height:300px;background:#fff"><p>Ten percent off</p></div>`), { devices: ['mobile'] });
    expect(overlays).toMatchObject([{ kind: 'dialog', box: { x: 0, y: 544, width: 390, height: 300 } }]);
    expect(metaViewport).toBe('width=device-width, initial-scale=1');
  });

  test('that wraps its panel in glass counts only for the panel', async () => {
    const overlay = only(await view(page(`${content}<div style="position:fixed;inset:0;pointer-events:none"><div style="position:absolute;left:0;bottom:0;width:720px;height:450px;background:#ffd;pointer-events:auto">Join our newsletter</div></div>`)));
    expect(overlay.coverage).toBe(0.25);
    expect(overlay.blocked).toBe(0.25);
    expect(overlay.box).toEqual({ x: 0, y: 450, width: 720, height: 450 });
    expect(overlay.close).toBeNull();
  });

  test.each([
    ['a consent tool', '<div id="onetrust-banner" style="position:fixed;bottom:0;left:0;right:0;height:120px;background:#eee">We value your privacy <button>Accept</button><button>Decline</button></div>', 'cookie', 'Decline'],
    ['a notice in German', '<div style="position:fixed;bottom:0;left:0;width:400px;height:300px;background:#eee">Wir verwenden Cookies. <button>Alle akzeptieren</button><button>Ablehnen</button></div>', 'cookie', 'Ablehnen'],
    ['a notice in Japanese', '<div style="position:fixed;bottom:0;left:0;width:400px;height:300px;background:#eee">クッキーを使用します。<button>同意</button><button>閉じる</button></div>', 'cookie', '閉じる'],
    ['a chat launcher', '<div class="chat-launcher" style="position:fixed;right:20px;bottom:20px;width:60px;height:60px;background:#06c"><button aria-label="Open chat" style="width:60px;height:60px"></button></div>', 'chat', null],
    ['a header that stays', '<header style="position:sticky;top:0;height:60px;background:#fff;order:-1"><a href="/">Logo</a></header>', 'bar', null],
    ['a bar to buy from', '<div style="position:fixed;bottom:0;left:0;right:0;height:70px;background:#fff"><button>Buy now</button></div>', 'bar', null],
    ['a badge', '<div style="position:fixed;left:0;top:300px;width:40px;height:120px;background:#c00">Sale</div>', 'other', null],
  ])('%s', async (_name, html, kind, close) => {
    const body = kind === 'bar' && html.startsWith('<header') ? html + content : content + html;
    const overlay = only(await view(page(body)));
    expect(overlay.kind).toBe(kind);
    expect(overlay.close?.name ?? null).toBe(close);
  });

  test('with a backdrop of half black covers everything, names what can be pressed, and its parts stay apart', async () => {
    const overlay = only(await view(page(`${content}<div style="position:fixed;inset:0;background:rgba(0,0,0,.5)"><form role="dialog" style="margin:100px auto;width:400px;background:#fff"><label>Email</label><input type="email"><button>Get my code</button><button><svg width="20" height="20"></svg></button><iframe src="about:blank"></iframe></form></div>`)));
    expect(overlay).toMatchObject({ coverage: 1, text: 'Email Get my code', controls: ['Get my code', ''], frames: true, close: null });
  });

  test('is not the frame that the whole page stands in, but is what lies in that', async () => {
    const shell = '<p>All that the page says of itself.</p>'.repeat(9);
    const inMain = await view(page(`<style>body{height:2600px}</style><div style="position:fixed;inset:0;overflow:hidden;background:#fff"><main><h1>Hello</h1><div style="height:2000px"></div></main><footer><a href="/contact">Contact</a></footer><div id="prompt" style="position:fixed;bottom:0;left:0;width:400px;height:300px;background:#eee">Join us</div></div>`));
    expect(only(inMain).selector).toBe('#prompt');
    expect(inMain.elements.find(({ name }) => name === 'Contact')?.visible).toBe(true);
    expect((await view(page(`<div style="position:fixed;inset:0;overflow:auto;background:#fff"><h1>Hello</h1>${shell}</div>`))).overlays).toEqual([]);
  });

  test('is found behind three hundred that are hidden', async () => {
    const hidden = '<div style="position:fixed;inset:0;display:none">Later</div>'.repeat(310);
    expect(only(await view(page(`${content}${hidden}<div id="prompt" style="position:fixed;bottom:0;left:0;width:400px;height:300px;background:#eee">Join us</div>`))).selector).toBe('#prompt');
  });

  test('is not what stands in its own place in the flow, lies behind, or is hidden', async () => {
    const { overlays } = await view(page(`<div style="position:fixed;inset:0;z-index:-1;background:#eef"></div>${content}
      <aside style="position:sticky;top:20px;width:300px;height:400px;background:#fee">Contents</aside><div role="dialog" style="display:none">Later</div><div style="position:fixed;inset:0;opacity:0">Clear</div>`));
    expect(overlays).toEqual([]);
  });
});

describe('of the facts of an overlay', () => {
  const at = { x: 0, y: 0, width: 400, height: 300 };
  const facts = { selector: 'div', role: '', marks: '', modal: false, thin: false, inPlace: false, frames: false, corner: false, box: at, coverage: 0.1, blocked: 0.1, text: '', controls: [] };
  const controls = (...names: string[]) => names.map((name) => ({ selector: 'button', name, marks: '', box: at }));

  test('cookies make a consent notice only beside something to agree to or to refuse, and never a menu', () => {
    const text = 'We use cookies.';
    expect(overlayOf({ ...facts, text, controls: controls('Settings', 'Accept all') }).kind).toBe('cookie');
    expect(overlayOf({ ...facts, text: 'Cookies Brownies Order now', controls: controls('Cookies', 'Brownies', 'Order now'), thin: true }).kind).toBe('bar');
    expect(overlayOf({ ...facts, text: 'Cookies Brownies OK', controls: controls('Cookies', 'OK'), thin: true, inPlace: true }).kind).toBe('bar');
  });

  test.each(['Rifiuta tutto', 'Weiter ohne Einwilligung', '同意しない', 'Tout refuser', 'Nur notwendige Cookies', 'No, thanks', '✕'])('"%s" is a way out', (name) => {
    expect(overlayOf({ ...facts, controls: controls('OK', name) }).close?.name).toBe(name);
  });
});

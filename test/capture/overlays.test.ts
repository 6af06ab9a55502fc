import { describe, expect, test } from 'vitest';
import type { Overlay, View } from '../../render-server/src/evidence.ts';
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

  test('is not what stands in its own place in the flow, lies behind, or is hidden', async () => {
    const { overlays } = await view(page(`<div style="position:fixed;inset:0;z-index:-1;background:#eef"></div>${content}
      <aside style="position:sticky;top:20px;width:300px;height:400px;background:#fee">Contents</aside><div role="dialog" style="display:none">Later</div><div style="position:fixed;inset:0;opacity:0">Clear</div>`));
    expect(overlays).toEqual([]);
  });
});

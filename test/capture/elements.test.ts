import { describe, expect, test } from 'vitest';
import { contextOptions } from '../../render-server/src/capture/devices.ts';
import type { PageElement } from '../../render-server/src/evidence.ts';
import { named, page, useCapturing } from '../support/capturing.ts';
import { testSites } from '../support/site.ts';

const { source, captureUrl, serve, view } = useCapturing();

describe('the inventory', () => {
  test.each(['/product', '/saas', '/lead'])('of %s has selectors that find exactly those elements on another visit', async (path) => {
    const site = await serve(testSites());
    const { views } = await captureUrl(site.origin + path, { devices: ['desktop', 'mobile'] });
    for (const { device, elements } of views) {
      const found = await source().withPage(contextOptions(device, 'en'), AbortSignal.timeout(20_000), async (opened) => {
        await opened.goto(site.origin + path);
        return Promise.all(elements.map(async ({ id, selector }) => {
          const matches = await opened.locator(selector).evaluateAll((all) => all.map((element) => {
            const { x, width, height } = element.getBoundingClientRect();
            return { tag: element.localName, x, width, height };
          }));
          return { id, matches };
        }));
      });
      for (const [index, { id, tag, box }] of elements.entries()) {
        const [match, ...others] = found[index]?.matches ?? [];
        expect({ id, tag: match?.tag, others }).toEqual({ id, tag, others: [] });
        // Chromium itself sets the same line a pixel higher or lower from one visit to the next.
        for (const side of ['x', 'width', 'height'] as const) expect(Math.abs((match?.[side] ?? Infinity) - box[side])).toBeLessThan(3);
      }
      expect(elements.map(({ id }) => id)).toEqual(elements.map((_, index) => `${device[0]}${index + 1}`));
    }
  });

  test('is the same on three visits', async () => {
    const site = await serve(testSites());
    const visits = [];
    for (let visit = 0; visit < 3; visit += 1) {
      const { views } = await captureUrl(`${site.origin}/saas`, { devices: ['desktop', 'mobile'] });
      visits.push(views.flatMap(({ elements }) => elements.map(({ box, ...element }) => ({ ...element, x: Math.round(box.x / 10) }))));
    }
    expect(visits[1]).toEqual(visits[0]);
    expect(visits[2]).toEqual(visits[0]);
    expect(visits[0]?.length).toBeGreaterThan(40);
  });

  test('comes in the order of importance', async () => {
    const { elements } = await view(page(`
      <header><a href="/a">Shop home</a></header>
      <main><h1>Kettle</h1><p>A paragraph with enough words in it.</p><img alt="Kettle" src="data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' width='200' height='200'/>" width="200" height="200">
      <div>$12.00</div><input aria-label="Quantity"><a href="/buy">Buy it later</a><button style="background:#070;color:#fff;padding:14px 30px;border:0">Buy now</button></main>`));
    expect(elements.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      'button Buy now', 'link Buy it later', 'field Quantity', 'link Shop home', 'price $12.00', 'heading Kettle', 'image Kettle', 'other A paragraph with enough words in it.',
    ]);
  });

  test('does not hold on to ids that are counted or rolled anew', async () => {
    const { elements } = await view(page('<h1>Hello</h1><a id=":r7:" href="/a">One</a><a id="radix-12" href="/b">Two</a><a id="a8f3c2e19b7d" href="/c">Three</a><a id="plain" href="/d">Four</a>'));
    expect(elements.filter(({ kind }) => kind === 'link').map(({ selector }) => selector)).toEqual(['a[href="/a"]', 'a[href="/b"]', 'a[href="/c"]', '#plain']);
  });

  test('reaches into open shadow roots, with selectors that Playwright reads', async () => {
    const html = page(`<h1>Hello</h1><my-card id="card"></my-card><script>
      document.querySelector('#card').attachShadow({ mode: 'open' }).innerHTML = '<button style="padding:14px 40px;background:#036;color:#fff">Buy now</button><p>Some words in the shadow.</p>';</script>`);
    const site = await serve({ '/': html });
    const evidence = await captureUrl(site.origin);
    const button = evidence.views[0]?.elements[0];
    expect(button).toMatchObject({ name: 'Buy now', cta: 'primary', covered: 0 });
    expect(evidence.views[0]?.text.full).toContain('Some words in the shadow.');
    expect(evidence.limits.join()).toContain('web components');
    await source().withPage({}, AbortSignal.timeout(10_000), async (opened) => {
      await opened.goto(site.origin);
      expect(await opened.locator(button?.selector ?? '').allTextContents()).toEqual(['Buy now']);
    });
  });
});

describe('a call to action', () => {
  const filled = 'background:#0a5;color:#fff;padding:14px 30px;border:0;display:inline-block';
  const cases: [string, string, PageElement['cta']][] = [
    ['a filled button that names the act', `<button style="${filled}">Get my quote</button>`, 'primary'],
    ['the same as a link', `<a href="/x" style="${filled}">Get my quote</a>`, 'primary'],
    ['a link whose inner part is filled', `<a href="/x"><span style="${filled}">Get my quote</span></a>`, 'primary'],
    ['a filled button with a soft label', `<button style="${filled}">Learn more</button>`, 'primary'],
    ['a plain link that names the act', '<a href="/x">Get my quote</a>', 'secondary'],
    ['a filled button that names something else', `<button style="${filled}">Menu of the day</button>`, 'secondary'],
    ['a plain link with a soft label', '<a href="/x">Learn more</a>', null],
    ['a plain link', '<a href="/x">About our house</a>', null],
    ['a button in the colour of what is behind it', '<div style="background:#0a5"><button style="background:#0a5;padding:14px 30px;border:0">About our house</button></div>', null],
  ];
  test('is told by its words and its weight', async () => {
    const seen = await view(page(`<h1>Hello</h1>${cases.map(([what, html]) => `<section><h2>${what}</h2>${html}</section>`).join('')}`));
    const told = seen.elements.filter(({ kind }) => kind === 'button' || kind === 'link').sort((a, b) => a.box.y - b.box.y);
    expect(told.map(({ cta }, index) => [cases[index]?.[0], cta])).toEqual(cases.map(([what, , cta]) => [what, cta]));
  });

  test('is not what sends a search, and one in a bar that stays at the top is of the header', async () => {
    const seen = await view(page(`<div style="position:sticky;top:0;height:70px;background:#fff"><form role="search"><input><button style="${filled}">Suchen</button></form><a href="/club" style="${filled}">Join the club</a></div>
      <div class="head"><form><input type="search"><button style="${filled}">Go</button></form></div><form><input name="q"><input type="submit" value="Find" style="${filled}"></form><h1>Hello</h1>`));
    expect(['Suchen', 'Go', 'Find', 'Join the club'].map((name) => [named(seen, name).cta, named(seen, name).landmark])).toEqual([
      [null, 'header'], [null, 'header'], [null, 'main'], ['primary', 'header']]);
  });

  test('is known in German, French, Spanish and Japanese', async () => {
    const labels = ['Jetzt kaufen', 'In den Warenkorb', 'Kostenlos testen', 'Ajouter au panier', 'Essayer gratuitement', 'Añadir al carrito', 'Prueba gratis', 'カートに入れる', '無料で試す'];
    const seen = await view(page(`<h1>Hello</h1>${labels.map((label) => `<p><button style="${filled}">${label}</button></p>`).join('')}`));
    expect(labels.map((label) => [label, named(seen, label).cta])).toEqual(labels.map((label) => [label, 'primary']));
  });
});

describe('an element', () => {
  test('knows its name in every way that pages give one', async () => {
    const { elements } = await view(page(`<h1>Hello</h1><span id="said">Said elsewhere</span>
      <button aria-labelledby="said">x</button><button aria-label="By label"></button><button title="By title"></button><button><img alt="By picture" src="data:,"></button>
      <input type="submit" value="By value"><label>By its label <input></label><input placeholder="By placeholder"><a href="/x">By text</a>`));
    expect(elements.filter(({ kind }) => /button|field|link/.test(kind)).map(({ name }) => name).sort())
      .toEqual(['By its label', 'By label', 'By picture', 'By placeholder', 'By text', 'By title', 'By value', 'Said elsewhere']);
  });

  test('that a visitor cannot see is not visible', async () => {
    const seen = await view(page(`<h1>Hello</h1><button>Seen</button><button style="display:none">Gone</button><button style="visibility:hidden">Hidden</button><div style="opacity:0"><button>Clear</button></div>
      <div style="height:0;overflow:hidden"><button>Folded</button></div><button style="position:absolute;left:-9999px">Away</button><span style="position:absolute;clip:rect(0,0,0,0)"><button>Clipped</button></span>`));
    const visible = Object.fromEntries(seen.elements.filter(({ kind }) => kind === 'button').map((element) => [element.name, element.visible]));
    expect(visible).toEqual({ Seen: true, Gone: false, Hidden: false, Clear: false, Folded: false, Away: false, Clipped: false });
  });

  test('is covered by what lies on top of it, not by its own content or label', async () => {
    const seen = await view(page(`<h1>Hello</h1>
      <button style="position:absolute;left:100px;top:100px;width:200px;height:60px">Covered</button><div style="position:absolute;left:90px;top:90px;width:300px;height:90px;background:#fff"></div>
      <button style="position:absolute;left:100px;top:300px;width:200px;height:60px">Half</button><div style="position:absolute;left:250px;top:290px;width:300px;height:90px;background:#fff"></div>
      <button style="position:absolute;left:100px;top:500px;width:200px;height:60px"><span style="display:block;height:60px">Free</span></button>
      <button style="position:absolute;left:100px;top:5000px">Below</button>`));
    expect(['Covered', 'Half', 'Free', 'Below'].map((name) => named(seen, name).covered)).toEqual([1, 0.4, 0, null]);
    expect(['Free', 'Below'].map((name) => named(seen, name).inFirstScreen)).toEqual([true, false]);
  });

  test('has the colour that is behind its text, and none where a picture is', async () => {
    const seen = await view(page(`<h1>Hello</h1><div style="background:rgb(10,20,30)"><a href="/a">On dark</a></div><div style="background:oklch(0.5 0.1 200)"><a href="/b">On new colours</a></div>
      <div style="background:rgb(0,0,0)"><div style="background:rgba(255,255,255,.5)"><a href="/c">On glass</a></div></div>
      <div style="background:linear-gradient(red,blue)"><a href="/d">On a gradient</a></div>
      <div style="position:relative;background:#fff"><img src="data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'/>" style="position:absolute;inset:0;width:100%;height:100%" alt=""><a href="/e" style="position:relative">On a picture</a></div>`));
    expect(['On dark', 'On glass', 'On a gradient', 'On a picture'].map((name) => named(seen, name).style.background))
      .toEqual(['rgb(10, 20, 30)', 'rgb(128, 128, 128)', null, null]);
    expect(named(seen, 'On new colours').style.background).toMatch(/^rgb\(\d+, \d+, \d+\)$/);
  });

  test('has the colours of its innermost words, and none behind where a layer is drawn', async () => {
    const fill = 'padding:14px 30px;display:inline-block';
    const seen = await view(page(`<style>.drawn{position:relative;z-index:0;color:#fff;${fill}}.drawn::before{content:"";position:absolute;inset:0;z-index:-1;background:#0a5}</style><h1>Hello</h1>
      <a href="/1" style="color:#fff"><span style="background:rgb(20,83,45);${fill}">Buy now</span></a>
      <button style="background:rgb(20,83,45);color:#000;border:0;${fill}"><span style="color:rgb(255,255,255);font-size:20px">Order now</span></button>
      <a href="/2" class="drawn">Book now</a>
      <div style="position:relative;height:200px"><div style="position:absolute;inset:0;background:url(data:,) #123"></div><a href="/3" style="position:relative;color:#fff;border:1px solid #fff;${fill}">Try it free</a></div>`));
    expect(['Buy now', 'Order now', 'Book now', 'Try it free'].map((name) => [named(seen, name).style.color, named(seen, name).style.background])).toEqual([
      ['rgb(255, 255, 255)', 'rgb(20, 83, 45)'], ['rgb(255, 255, 255)', 'rgb(20, 83, 45)'], ['rgb(255, 255, 255)', null], ['rgb(255, 255, 255)', null]]);
    expect(named(seen, 'Order now').style.fontSize).toBe(20);
    expect(named(seen, 'Book now').cta).toBe('primary');
  });

  test('belongs to a part of the page', async () => {
    const seen = await view(page(`<header><a href="/1">Logo</a><nav><a href="/2">Shop</a></nav></header><main><a href="/3">Text</a><article><header><a href="/4">Author</a></header></article></main><footer><nav><a href="/5">Imprint</a></nav></footer>
      <div role="dialog" style="position:fixed;inset:200px;background:#fff"><a href="/6">Offer</a></div>`));
    expect(['Logo', 'Shop', 'Text', 'Author', 'Imprint', 'Offer'].map((name) => named(seen, name).landmark)).toEqual(['header', 'nav', 'main', 'main', 'footer', 'overlay']);
  });
});

test.each([
  ['right to left', '<html lang="he" dir="rtl">', '<h1>קומקום נחושת</h1><p>תיאור קצר של המוצר הזה כאן.</p><button style="background:#063;color:#fff;padding:16px 40px;border:0">הוספה לסל</button>', 'הוספה לסל', 'he'],
  ['in Japanese', '<html lang="ja">', '<h1>銅のケトル</h1><p>一杯ずつ、ゆっくり注げる銅のケトルです。</p><div>¥9,800</div><button style="background:#063;color:#fff;padding:16px 40px;border:0">カートに入れる</button>', 'カートに入れる', 'ja'],
])('a page %s is measured like any other', async (_name, root, body, label, language) => {
  const site = await serve({ '/': `<!doctype html>${root}<head><meta charset="utf-8"><title>t</title></head><body>${body}</body></html>` });
  const evidence = await captureUrl(site.origin, { language });
  const [seen] = evidence.views;
  if (seen === undefined) throw new Error('no view');
  expect(evidence.language).toBe(language);
  const button = named(seen, label);
  expect(button).toMatchObject({ visible: true, inFirstScreen: true, covered: 0 });
  expect(button.box.x).toBeGreaterThanOrEqual(0);
  expect(seen.text.full).toContain(label);
});

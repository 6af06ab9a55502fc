/** A German product page: search box in the header, sizes, a consent notice. Without a known conversion defect. */
export const GERMAN = `<!doctype html><html lang="de"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Wollpullover Damen Merino | Nordstrick</title><meta name="description" content="Weicher Damenpullover aus Merinowolle, versandkostenfrei ab 50 €.">
<script type="application/ld+json">{"@context":"https://schema.org","@type":"Product","name":"Merinopullover","offers":{"@type":"Offer","price":"89.90","priceCurrency":"EUR","availability":"https://schema.org/InStock"},"aggregateRating":{"@type":"AggregateRating","ratingValue":"4.6","reviewCount":"88"}}</script>
<style>*{box-sizing:border-box}body{margin:0;font:16px/1.6 Arial;color:#222;background:#fff}
.head{position:sticky;top:0;background:#fff;border-bottom:1px solid #ddd;z-index:5}.head .in{display:flex;justify-content:space-between;align-items:center;padding:12px 40px;gap:16px}
.head a{color:#222;text-decoration:none;padding:10px 8px;display:inline-block}
.suche{display:flex}.suche input{padding:12px;border:1px solid #777;width:220px}.suche button{padding:12px 16px;background:#333;color:#fff;border:0}
main{max-width:1200px;margin:0 auto;padding:24px}.p{display:grid;grid-template-columns:1fr 1fr;gap:40px}.p img{width:100%;height:auto}
.cart{background:#0a5a3c;color:#fff;border:0;padding:16px 30px;font-size:18px;font-weight:700;width:100%;border-radius:6px}.price{font-size:28px;font-weight:700}
.sizes{display:flex;gap:8px}.sizes label{border:1px solid #555;min-width:48px;min-height:48px;display:flex;align-items:center;justify-content:center}.sizes input{position:absolute;opacity:0}
.merk{background:#fff;border:1px solid #0a5a3c;color:#0a5a3c;padding:14px;width:100%;margin-top:8px;font-size:16px}
footer{background:#eee;padding:32px 40px}footer a{color:#222;display:inline-block;padding:8px}
.ck{position:fixed;bottom:0;left:0;right:0;background:#222;color:#fff;padding:14px 40px;display:flex;gap:12px;align-items:center;z-index:9}.ck button{padding:12px 18px;font-size:15px;min-height:44px}
.sr{position:absolute;width:1px;height:1px;overflow:hidden;clip:rect(0,0,0,0)}
@media(max-width:700px){.p{grid-template-columns:1fr;gap:12px}.p img{height:220px;object-fit:cover}.suche{display:none}.head .in{padding:6px 12px}.ck{flex-wrap:wrap;padding:8px 12px;font-size:13px}h1{font-size:26px;margin:4px 0}main{padding:10px 14px}nav .x{display:none}}
</style></head><body>
<div class="head"><div class="in"><a href="/">Nordstrick</a><nav><a class="x" href="/damen">Damen</a><a class="x" href="/herren">Herren</a></nav>
<form class="suche" role="search" action="/suche"><label class="sr" for="q">Suche</label><input id="q" type="search" name="q" placeholder="Suchen"><button>Suchen</button></form><a href="/konto">Anmelden</a><a href="/warenkorb">Warenkorb (0)</a></div></div>
<main><div class="p"><img src="/img/kettle.svg" alt="Pullover"><div><h1>Merinopullover mit Rollkragen</h1><div>★★★★☆ 4,6 von 5 (88 Bewertungen)</div><div class="price">89,90&nbsp;€</div><small>inkl. MwSt., zzgl. <a href="/versand">Versandkosten</a></small>
<form action="/warenkorb/add" method="post"><fieldset><legend>Größe</legend><div class="sizes"><label><input type="radio" name="g" value="S">S</label><label><input type="radio" name="g" value="M" checked>M</label><label><input type="radio" name="g" value="L">L</label></div></fieldset>
<button class="cart" type="submit">In den Warenkorb</button></form><button class="merk" type="button">Auf den Merkzettel</button>
<ul><li>Lieferzeit 2–3 Werktage, versandkostenfrei ab 50 €</li><li>30 Tage Rückgabe</li></ul></div></div>
<h2>Beschreibung</h2><p>Der Pullover ist aus mulesingfreier Merinowolle gestrickt und wärmt, ohne zu kratzen. Er lässt sich im Wollprogramm waschen.</p>
<h2>Fragen zum Artikel?</h2><form action="/kontakt" method="post"><p><label for="n">Ihr Name</label><br><input id="n" name="name" autocomplete="name"></p><p><label for="e">E-Mail-Adresse</label><br><input id="e" type="email" name="email" autocomplete="email"></p><p><label for="f">Ihre Frage</label><br><textarea id="f" name="frage"></textarea></p><button style="padding:12px 20px;font-size:16px">Frage absenden</button></form>
</main><footer><a href="/kontakt">Kontakt</a><a href="/impressum">Impressum</a><a href="/datenschutz">Datenschutz</a><a href="/agb">AGB</a><a href="/widerruf">Widerrufsrecht</a><a href="/versand">Versand und Zahlung</a></footer>
<div class="ck" role="dialog" aria-label="Cookie-Hinweis"><span>Wir verwenden Cookies, um den Besuch zu messen.</span><button>Ablehnen</button><button>Alle akzeptieren</button></div>
</body></html>
`;

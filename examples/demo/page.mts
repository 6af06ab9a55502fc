import type { Field, Related, Review, ShopPage } from './model.mts';
import { STYLES } from './styles.mts';

const SHOP = 'Fenwick & Lund';

/** The product page as HTML. `origin` is where the shop is served, without a slash at the end. */
export function renderPage(page: ShopPage, origin: string): string {
  const { product, rating } = page;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${text(`${product.name} | ${SHOP}`)}</title>
<meta name="description" content="A dimmable table lamp in brass and opal glass, made to be repaired: spare parts for ten years and a shade that changes in a minute.">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<style>:root { --button-fill: ${page.button.fill}; --button-ink: ${page.button.ink}; }${STYLES}</style>
<script type="application/ld+json">${JSON.stringify(structuredData(page, origin)).replaceAll('<', '\\u003c')}</script>
</head>
<body>
<header class="top"><div class="wide">
<a class="logo" href="/">${text(SHOP)}</a>
<nav aria-label="Main"><a href="/table-lamps">Table lamps</a><a href="/pendants">Pendants</a><a href="/floor-lamps">Floor lamps</a><a href="/spare-parts">Spare parts</a></nav>
<a class="basket" href="/basket">Basket (0)</a>
</div></header>
<main class="wide">
<div class="crumbs"><a href="/">Home</a><span>/</span><a href="/table-lamps">Table lamps</a><span>/</span><span>${text(product.name)}</span></div>
<div class="product${page.button.place === 'last' ? ' button-last' : ''}">
${gallery(product.name)}
${buyBox(page)}
</div>
${story()}
${specification(page)}
${comparison(page)}
${rating === null ? '' : reviews(rating.reviews)}
${questions(page.questionFields)}
${related(page.related)}
</main>
${footer()}
${newsletter(page.newsletter)}
</body>
</html>`;
}

function gallery(name: string): string {
  return `<div class="gallery">
<img src="/pictures/halden-evening.svg" width="800" height="640" alt="${text(name)} glowing on a wooden table beside books and a mug">
<div class="thumbs">
<img src="/pictures/halden-day.svg" width="800" height="640" alt="The lamp by daylight, switched off">
<img src="/pictures/halden-dimmer.svg" width="800" height="640" alt="The brass foot with its dimmer">
<img src="/pictures/halden-size.svg" width="800" height="640" alt="The lamp is 38 cm high and 30 cm wide">
</div>
</div>`;
}

function buyBox({ product, button, pricePlace, delivery, rating }: ShopPage): string {
  return `<div class="buy">
<h1>${text(product.name)}</h1>
${rating === null ? '' : `<div class="rating"><span class="stars" aria-hidden="true">${stars(rating.average)}</span><span>${rating.average} out of 5, ${rating.count} reviews</span></div>`}
${pricePlace === 'buy box' ? `<div class="price">${text(product.price)}</div>` : ''}
<p class="lead">Brass, opal glass and a dimmer that turns like a good radio. Every part can be replaced at home.</p>
<form method="post" action="/basket"><button>${text(button.label)}</button></form>
<ul class="assure">${delivery.map((line) => `<li>${text(line)}</li>`).join('')}<li><a href="/returns">60 days to send it back</a></li></ul>
<ul class="facts"><li><span>Height</span>38 cm</li><li><span>Shade</span>Opal glass, 30 cm</li><li><span>Bulb</span>E27 LED, included</li><li><span>Cord</span>Cotton, 2 m</li><li><span>Weight</span>2.1 kg</li><li><span>Guarantee</span>10 years</li></ul>
</div>`;
}

function story(): string {
  return `<section class="story">
<div>
<h2>Made to outlive its bulb</h2>
<p>Most lamps are thrown away because of one small part: a switch, a cord, a cracked shade. We have drawn the Halden so that each of them comes off with a coin and a little patience.</p>
<p>The foot is turned from solid brass and left without lacquer. It darkens where you touch it and shines again after a minute with a cloth. The shade is blown by hand in a glassworks that has done little else since 1887.</p>
<p>Inside sits a warm LED bulb of 2700 kelvin that dims down to a tenth without a flicker. It draws six watts, and any bulb of the same thread will do once it is spent.</p>
<p>When something breaks, write to us. We keep every part for ten years after the last lamp has left the workshop, and we tell you how to fit it over the phone.</p>
</div>
<img src="/pictures/halden-day.svg" width="800" height="640" alt="The lamp on a desk in the morning" loading="lazy">
</section>`;
}

function specification({ pricePlace, product }: ShopPage): string {
  const rows = [['Material', 'Solid brass, hand-blown opal glass'], ['Light', '2700 K, 470 lumens, dimmable'], ['Power', '6 W, 220 to 240 V'], ['Made in', 'Scotland']];
  if (pricePlace === 'specification') rows.push(['Price', product.price]);
  return `<section><h2>Specification</h2><table><tbody>${rows.map(([name = '', value = '']) => `<tr><th scope="row">${text(name)}</th><td>${text(value)}</td></tr>`).join('')}</tbody></table></section>`;
}

function comparison({ comparisonWidth }: ShopPage): string {
  return `<section><h2>Which Halden fits?</h2><table${comparisonWidth === 'fixed' ? ' class="fixed"' : ''}>
<thead><tr><th scope="col">Lamp</th><th scope="col">Height</th><th scope="col">Light</th><th scope="col">Best for</th></tr></thead>
<tbody><tr><th scope="row">Table</th><td>38 cm</td><td>470 lm</td><td>Desk and sideboard</td></tr><tr><th scope="row">Bedside</th><td>26 cm</td><td>250 lm</td><td>Reading in bed</td></tr><tr><th scope="row">Floor</th><td>142 cm</td><td>806 lm</td><td>Armchair and corner</td></tr></tbody>
</table></section>`;
}

function reviews(list: Review[]): string {
  return `<section><h2>What owners say</h2><ul class="cards reviews">${list.map((review) => `<li><span class="stars" role="img" aria-label="${review.stars} out of 5 stars">${stars(review.stars)}</span><p>${text(review.text)}</p><strong>${text(review.name)}</strong></li>`).join('')}</ul></section>`;
}

function questions(fields: Field[]): string {
  return `<section class="ask">
<div><h2>Ask before you buy</h2><p>Ailsa answers every message herself, within a working day. Or call her in the workshop, Monday to Friday from nine to five.</p></div>
<form method="post" action="/questions">
${fields.map((field) => `<div>${field.label === null ? '' : `<label for="q-${field.name}">${text(field.label)}</label>`}${control(field)}</div>`).join('\n')}
<p class="small">We use your answer for this question only: see our <a href="/privacy">privacy policy</a>.</p>
<button class="plain">Ask Ailsa</button>
</form>
</section>`;
}

function control({ name, type, autocomplete }: Field): string {
  const shared = `id="q-${name}" name="${name}" autocomplete="${autocomplete}"`;
  return type === 'textarea' ? `<textarea ${shared} rows="4"></textarea>` : `<input ${shared} type="${type}">`;
}

function related(lamps: Related[]): string {
  return `<section><h2>From the same workshop</h2><ul class="cards related">${lamps.map((lamp) => `<li><a href="/lamps/${encodeURIComponent(lamp.name.toLowerCase().replaceAll(' ', '-'))}"><img src="/pictures/${lamp.picture}" width="800" height="640" alt="${text(lamp.name)}">${text(lamp.name)}<span>${text(lamp.price)}</span></a></li>`).join('')}</ul></section>`;
}

function footer(): string {
  return `<footer><div class="wide">
<div><h3>${text(SHOP)}</h3><p>Lamps made to be repaired, from a workshop of seven in Leith since 2009.</p><p>14 Bernard Street, Edinburgh EH6 6PP</p></div>
<div><h3>Service</h3><ul><li><a href="/delivery">Delivery</a></li><li><a href="/returns">Returns</a></li><li><a href="/repairs">Repairs</a></li></ul></div>
<div><h3>Contact</h3><ul><li><a href="mailto:hello@fenwick-lund.example">Write to us</a></li><li><a href="tel:+441310000000">+44 131 000 0000</a></li></ul></div>
<div><h3>Shop</h3><ul><li><a href="/about">About us</a></li><li><a href="/privacy">Privacy</a></li><li><a href="/terms">Terms</a></li></ul></div>
</div></footer>`;
}

function newsletter({ shape, closable }: ShopPage['newsletter']): string {
  return `<div class="news ${shape}" role="dialog" aria-label="Newsletter">
<h2>Letters from the workshop</h2>
${closable ? '<button class="close" type="button" aria-label="Close" onclick="this.parentElement.remove()">×</button>' : ''}
<form method="post" action="/newsletter"><div><label for="news-email">Email address</label><input id="news-email" name="email" type="email" autocomplete="email"></div><button>Sign me up</button></form>
</div>`;
}

function structuredData({ product, rating }: ShopPage, origin: string): object {
  return {
    '@context': 'https://schema.org',
    '@type': 'Product',
    name: product.name,
    image: `${origin}/pictures/halden-evening.svg`,
    brand: { '@type': 'Brand', name: SHOP },
    offers: { '@type': 'Offer', price: product.amount.toFixed(2), priceCurrency: 'USD', availability: 'https://schema.org/InStock' },
    ...(rating === null ? {} : { aggregateRating: { '@type': 'AggregateRating', ratingValue: rating.average, reviewCount: rating.count } }),
  };
}

function stars(count: number): string {
  return '★'.repeat(Math.round(count)) + '☆'.repeat(5 - Math.round(count));
}

/** Text that is safe between tags and in quoted attributes. */
function text(value: string): string {
  return value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/** A product page of a small shop, without a known conversion defect. */
export const PRODUCT = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Copper Pour-Over Kettle 1.0 l | Hearth &amp; Kettle</title>
<meta name="description" content="Hand-finished copper pour-over kettle with a gooseneck spout. Free shipping over $50 and 60-day returns.">
<script type="application/ld+json">
{"@context":"https://schema.org","@type":"Product","name":"Copper Pour-Over Kettle","image":"/img/kettle.svg","brand":{"@type":"Brand","name":"Hearth & Kettle"},"offers":{"@type":"Offer","price":"89.00","priceCurrency":"USD","availability":"https://schema.org/InStock"},"aggregateRating":{"@type":"AggregateRating","ratingValue":"4.7","reviewCount":"212"}}
</script>
<style>
*{box-sizing:border-box}body{margin:0;font:16px/1.5 Arial,sans-serif;color:#2b2320;background:#fff}
.announce{background:#2b2320;color:#fff;text-align:center;padding:8px;font-size:14px}
header{position:sticky;top:0;z-index:10;background:#fff;border-bottom:1px solid #e6ddd6;display:flex;align-items:center;justify-content:space-between;padding:14px 40px}
header .logo{font:700 22px Georgia,serif;color:#b4532a;text-decoration:none}
header nav a{color:#2b2320;text-decoration:none;margin-left:26px}
main{max-width:1180px;margin:0 auto;padding:32px 24px}
.buy{display:grid;grid-template-columns:1fr 1fr;gap:48px}
.gallery img{width:100%;height:auto;border-radius:8px;display:block}
.thumbs{display:flex;gap:12px;margin-top:12px}.thumbs img{width:88px;height:88px}
h1{font:700 34px/1.2 Georgia,serif;margin:0 0 8px}
.rating{color:#8a5a00;font-size:15px}.price{font-size:28px;font-weight:700;margin:16px 0}
.buybox label{display:block;font-weight:700;margin-bottom:6px}
.buybox select,.buybox input{font:inherit;padding:10px;border:1px solid #8d817a;border-radius:6px;width:100%;max-width:220px;margin-bottom:16px}
.add{display:block;width:100%;max-width:360px;padding:16px;font:700 18px Arial,sans-serif;color:#fff;background:#9c4220;border:0;border-radius:6px}
.ship{margin-top:16px;padding:0;list-style:none}.ship li{padding:4px 0}
section{margin-top:56px}h2{font:700 26px Georgia,serif}
.cards{display:grid;grid-template-columns:repeat(3,1fr);gap:24px}
.cards article{border:1px solid #e6ddd6;border-radius:8px;padding:16px}.cards img{width:100%;height:auto}.cards a{color:#9c4220}
blockquote{margin:0 0 20px;padding:16px 20px;background:#f8f3ef;border-radius:8px}
footer{background:#f8f3ef;margin-top:64px;padding:40px;display:flex;flex-wrap:wrap;gap:24px}footer a{color:#2b2320;display:inline-block;padding:6px}
@media(max-width:700px){.buy,.cards{grid-template-columns:1fr}.buy{gap:16px}.gallery>img{height:180px;object-fit:cover}.thumbs{display:none}header{padding:12px 16px}header nav a{margin-left:14px}}
</style>
</head>
<body>
<div class="announce">Free shipping on orders over $50</div>
<header><a class="logo" href="/">Hearth &amp; Kettle</a><nav aria-label="Main"><a href="/kettles">Kettles</a><a href="/cups">Cups</a><a href="/basket">Basket</a></nav></header>
<main>
  <div class="buy">
    <div class="gallery"><img src="/img/kettle.svg" alt="Copper kettle with a gooseneck spout" width="560" height="560">
      <div class="thumbs"><img src="/img/kettle.svg" alt="Front view" width="88" height="88"><img src="/img/kettle-side.svg" alt="Side view" width="88" height="88"></div></div>
    <form class="buybox" action="/cart/add" method="post">
      <h1>Copper Pour-Over Kettle</h1>
      <div class="rating">★★★★★ 4.7 / 5 from 212 reviews</div>
      <div class="price">$89.00</div>
      <p>A one-litre kettle with a slow, steady pour. Works on gas, electric and induction hobs.</p>
      <label for="finish">Finish</label>
      <select id="finish" name="finish"><option>Polished copper</option><option>Brushed copper</option></select>
      <label for="qty">Quantity</label>
      <input id="qty" name="quantity" type="number" value="1" min="1" max="9">
      <button class="add" type="submit">Add to basket</button>
      <ul class="ship"><li>In stock, ships within 24 hours</li><li>Delivery in 2-4 working days, free over $50</li><li><a href="/returns">60-day returns</a></li><li>2-year warranty</li></ul>
    </form>
  </div>
  <section><h2>Why cooks keep it on the hob</h2><p>The spout is 6 mm wide, so the water falls straight and slowly. The handle stays cool, the lid stays put, and the copper brings a litre to the boil in under four minutes.</p></section>
  <section><h2>What customers say</h2>
    <blockquote>The pour is so even that my coffee finally tastes the same every morning.<br><cite>Ruth M., verified buyer</cite></blockquote>
    <blockquote>Looks better than the pictures and boils fast.<br><cite>Owen T., verified buyer</cite></blockquote></section>
  <section><h2>Goes well with it</h2><div class="cards">
    <article><img src="/img/cups.svg" alt="Two stoneware cups" width="340" height="340" loading="lazy"><h3>Stoneware cups</h3><p>$24.00 a pair</p><a href="/cups/stoneware">See the cups</a></article>
    <article><img src="/img/kettle-side.svg" alt="Ceramic dripper" width="340" height="340" loading="lazy"><h3>Ceramic dripper</h3><p>$19.00</p><a href="/drippers/ceramic">See the dripper</a></article>
    <article><img src="/img/kettle.svg" alt="Paper filters" width="340" height="340" loading="lazy"><h3>Paper filters</h3><p>$6.00</p><a href="/filters/paper">See the filters</a></article></div></section>
</main>
<footer><a href="/contact">Contact us</a><a href="/shipping">Shipping</a><a href="/returns-policy">Returns policy</a><a href="/privacy">Privacy</a><a href="/terms">Terms</a><a href="tel:+15550100">+1 555 0100</a></footer>
</body>
</html>
`;

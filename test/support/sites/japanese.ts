/** A Japanese product page. Without a known conversion defect. */
export const JAPANESE = `<!doctype html><html lang="ja"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>南部鉄器の急須 0.6L｜和の道具店</title><meta name="description" content="職人が手作りした南部鉄器の急須。送料無料、30日間返品可能。">
<script type="application/ld+json">{"@context":"https://schema.org","@type":"Product","name":"急須","offers":{"@type":"Offer","price":"9800","priceCurrency":"JPY","availability":"https://schema.org/InStock"}}</script>
<style>body{margin:0;font:16px/1.7 sans-serif;color:#222}header{padding:12px 24px;border-bottom:1px solid #ccc;display:flex;gap:20px}header a,footer a{color:#222;padding:10px 6px;display:inline-block}
main{max-width:1080px;margin:0 auto;padding:16px}.g{display:grid;grid-template-columns:1fr 1fr;gap:32px}.g img{width:100%}.b{background:#a11;color:#fff;border:0;padding:16px;font-size:18px;width:100%}
.b2{background:#333;color:#fff;border:0;padding:14px;font-size:16px;width:100%;margin-top:10px}
@media(max-width:700px){.g{grid-template-columns:1fr}.g img{height:240px;object-fit:cover}}</style></head><body>
<header><a href="/">和の道具店</a><a href="/cart">カート</a><a href="/login">ログイン</a></header>
<main><div class="g"><img src="/img/kettle.svg" alt="急須"><div><h1>南部鉄器の急須　0.6リットル　鉄瓶兼用・茶こし付き</h1><p>★★★★★ 4.8（レビュー 132件）</p><p style="font-size:28px">9,800円（税込）</p><form action="/cart/add" method="post"><label>数量 <select name="quantity"><option>1</option><option>2</option></select></label><button class="b">カートに入れる</button></form><button class="b2">今すぐ購入</button><p>送料無料・最短明日お届け</p></div></div>
<h2>商品説明</h2><p>鉄器は使うほどに味わいが深まり、お湯がまろやかになります。毎日の一杯を、もっと豊かに。</p></main>
<footer><a href="/tokusho">特定商取引法に基づく表記</a><a href="/privacy">プライバシーポリシー</a><a href="/returns">返品・交換</a><a href="/contact">お問い合わせ</a></footer></body></html>
`;

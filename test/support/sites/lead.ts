/** A lead form of a local service. */
export const LEAD = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Roof repair in Halden: a fixed price within a day</title>
<meta name="description" content="Tell us about your roof and get a fixed price within one working day.">
<script type="application/ld+json">{"@context":"https://schema.org","@graph":[{"@type":"Organization","name":"Halden Roofing","telephone":"+1 555 0177"},{"@type":"WebPage","name":"Roof repair"}]}</script>
<style>
*{box-sizing:border-box}body{margin:0;font:17px/1.55 Arial,sans-serif;color:#1f2d34;background:#fff}
header{display:flex;justify-content:space-between;align-items:center;padding:18px 48px;border-bottom:1px solid #dde4e8}header strong{font-size:20px}header a{color:#1f5f80;padding:8px 0}
main{max-width:1120px;margin:0 auto;padding:40px 24px;display:grid;grid-template-columns:1.1fr 1fr;gap:56px}
h1{font-size:40px;line-height:1.15;margin:0 0 14px}.pic{width:100%;height:auto;border-radius:10px}
form{background:#f1f6f9;border-radius:12px;padding:28px}form h2{margin-top:0}
label{display:block;font-weight:700;margin:14px 0 4px}input,textarea,select{width:100%;font:inherit;padding:11px;border:1px solid #6d7f88;border-radius:6px;background:#fff}
.check{display:flex;gap:10px;align-items:flex-start;font-weight:400}.check input{width:24px;height:24px;flex:none}
.send{margin-top:18px;width:100%;padding:15px;font:700 18px Arial,sans-serif;background:#b3541e;color:#fff;border:0;border-radius:8px}
.go{display:inline-block;padding:14px 24px;font-weight:700;background:#b3541e;color:#fff;border-radius:8px;text-decoration:none}
.proof{grid-column:1/-1;border-top:1px solid #dde4e8;padding-top:24px}
footer{background:#1f2d34;padding:32px 48px}footer a{color:#fff;margin-right:24px;display:inline-block;padding:6px 0}
@media(max-width:700px){main{grid-template-columns:1fr}header{padding:14px 16px}h1{font-size:32px}}
</style>
</head>
<body>
<header><strong>Halden Roofing</strong><a href="tel:+15550177">Call us: +1 555 0177</a></header>
<main>
<div><h1>A leaking roof? A fixed price within one working day</h1><p>Send us a few words and a photo. A roofer, not a call centre, answers. Work is guaranteed for ten years.</p><p><a class="go" href="#quote-form">Get my fixed price</a></p><img class="pic" src="/img/roof.svg" alt="A house with a new roof" width="560" height="560"></div>
<form action="/quote" method="post" id="quote-form">
<h2>Get your fixed price</h2>
<label for="name">Your name</label><input id="name" name="name" autocomplete="name" required>
<label for="email">E-mail</label><input id="email" name="email" type="email" autocomplete="email" required>
<label for="phone">Phone (optional)</label><input id="phone" name="phone" type="tel" autocomplete="tel">
<label for="postcode">Postcode</label><input id="postcode" name="postcode" autocomplete="postal-code" required>
<label for="message">What is wrong?</label><textarea id="message" name="message" rows="4"></textarea>
<label class="check"><input type="checkbox" name="terms" required> I agree that you keep my details to answer me. <a href="/privacy">Privacy</a></label>
<button class="send" type="submit">Get my fixed price</button>
</form>
<section class="proof"><h2>From last month</h2><blockquote>They came on Tuesday and it was dry on Wednesday.<br><cite>Ines R., Halden</cite></blockquote><p>Rated 4.9 out of 5 by 138 households.</p></section>
</main>
<footer><a href="/contact">Contact</a><a href="/privacy">Privacy</a><a href="/terms">Terms</a></footer>
</body>
</html>
`;

/** The landing page of a piece of software: fixed header, plans, a cookie notice, a newsletter form. */
export const SAAS = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Tallyboard: shift planning that fits on one screen</title>
<meta name="description" content="Plan shifts, swap them and pay people right. Free for teams of five.">
<style>
*{box-sizing:border-box}body{margin:0;font:17px/1.6 Arial,sans-serif;color:#16203a;background:#fff}
.top{position:fixed;top:0;left:0;right:0;height:68px;background:#fff;box-shadow:0 1px 6px rgba(0,0,0,.12);display:flex;align-items:center;justify-content:space-between;padding:0 48px;z-index:20}
.top .brand{font-weight:700;font-size:20px;color:#1d2b53;text-decoration:none}.top nav a{color:#16203a;margin-right:24px;text-decoration:none}.top nav a.btn{color:#fff;margin:0}
.btn{display:inline-block;background:#2446c8;color:#fff;text-decoration:none;font-weight:700;padding:14px 26px;border-radius:8px;border:0;font-size:17px}
.btn.ghost{background:transparent;color:#2446c8;border:2px solid #2446c8}
.hero{padding:140px 48px 72px;display:grid;grid-template-columns:1.1fr 1fr;gap:48px;align-items:center;background:#eef2ff}
.hero h1{font-size:48px;line-height:1.1;margin:0 0 16px}.hero img{width:100%;height:auto;border-radius:12px}
.wrap{max-width:1120px;margin:0 auto;padding:72px 24px}.three{display:grid;grid-template-columns:repeat(3,1fr);gap:28px}
.plan{border:1px solid #ccd4ea;border-radius:12px;padding:28px}.plan .price{font-size:32px;font-weight:700}
.cookie{position:fixed;left:0;right:0;bottom:0;background:#16203a;color:#fff;padding:18px 48px;display:flex;gap:16px;align-items:center;justify-content:space-between;z-index:30}
.cookie button{font:inherit;padding:10px 18px;border-radius:6px;border:1px solid #fff;background:#16203a;color:#fff}.cookie .yes{background:#fff;color:#16203a}
.news{background:#eef2ff}.news form{display:flex;gap:12px;flex-wrap:wrap;align-items:end}.news input{font:inherit;padding:12px;border:1px solid #6b7799;border-radius:8px;width:280px}
footer{padding:40px 48px;background:#16203a}footer a{color:#fff;margin-right:24px;display:inline-block;padding:6px 0}
@media(max-width:700px){.hero,.three{grid-template-columns:1fr}.hero{padding:100px 20px 48px}.hero h1{font-size:34px}.top{padding:0 16px}.top nav a:not(.btn){display:none}.cookie{flex-wrap:wrap;padding:16px}}
</style>
</head>
<body>
<header class="top"><a class="brand" href="/">Tallyboard</a><nav aria-label="Main"><a href="/features">Features</a><a href="/pricing">Pricing</a><a href="/login">Log in</a><a class="btn" href="/signup">Start free trial</a></nav></header>
<main>
<section class="hero"><div><h1>Next week's shifts, planned before the coffee is cold</h1><p>Tallyboard puts everyone's hours, wishes and holidays on one screen and warns you before a rule is broken.</p><p><a class="btn" href="/signup?from=hero">Start free trial</a> <a class="btn ghost" href="/demo">Watch the demo</a></p><p>No credit card. Cancel anytime.</p></div><img src="/img/dashboard.svg" alt="A week of shifts on one screen" width="560" height="560"></section>
<section class="wrap"><h2>What changes on Monday</h2><div class="three"><div><h3>Swaps settle themselves</h3><p>People offer and take shifts on the phone; you approve with one tap.</p></div><div><h3>Hours that add up</h3><p>Overtime, breaks and night rates are counted as your contract says.</p></div><div><h3>Payroll in one file</h3><p>Export to the format that your accountant already uses.</p></div></div></section>
<section class="wrap" id="pricing"><h2>Pricing</h2><div class="three"><div class="plan"><h3>Free</h3><div class="price">$0</div><p>Up to five people.</p><a class="btn ghost" href="/signup?plan=free">Choose Free</a></div><div class="plan"><h3>Team</h3><div class="price">$4 per user / month</div><p>Swaps, payroll export, rules.</p><a class="btn" href="/signup?plan=team">Get Team</a></div><div class="plan"><h3>Chain</h3><div class="price">$7 per user / month</div><p>Many sites, single sign-on.</p><a class="btn ghost" href="/demo?plan=chain">Request a demo</a></div></div></section>
<section class="wrap"><figure><blockquote>We went from a Sunday of puzzling to twenty minutes.</blockquote><figcaption>Mara Lindt, owner of three bakeries</figcaption></figure></section>
<section class="news"><div class="wrap"><h2>One planning tip a month</h2><form action="/newsletter" method="post"><div><label for="news-email">E-mail</label><br><input id="news-email" name="email" type="email" autocomplete="email" required></div><button class="btn" type="submit">Subscribe</button></form></div></section>
</main>
<footer><a href="/contact">Contact</a><a href="/privacy">Privacy</a><a href="/terms">Terms</a></footer>
<div class="cookie" id="cookie-banner" role="region" aria-label="Cookie notice"><span>We use cookies to count visits. You decide.</span><span><button type="button">Reject</button> <button type="button" class="yes">Accept all</button></span></div>
</body>
</html>
`;

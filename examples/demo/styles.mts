/** The shop's style sheet; the button's colours come from the page model as custom properties. */
export const STYLES = `
*, *::before, *::after { box-sizing: border-box; }
body { margin: 0; background: #fbf9f5; color: #26241f; font: 16px/1.6 "Helvetica Neue", Helvetica, Arial, sans-serif; }
h1, h2, h3 { font-family: Georgia, "Times New Roman", serif; font-weight: 500; line-height: 1.2; margin: 0; }
h2 { font-size: 28px; margin-bottom: 20px; }
a { color: inherit; text-underline-offset: 3px; }
img { display: block; width: 100%; height: auto; }
ul { list-style: none; margin: 0; padding: 0; }
.wide { max-width: 1200px; margin: 0 auto; padding: 0 24px; }

.top { border-bottom: 1px solid #e4ddd0; background: #fff; }
.top .wide { display: flex; align-items: center; gap: 40px; height: 76px; }
.logo { font: 500 23px Georgia, serif; text-decoration: none; letter-spacing: .02em; line-height: 44px; }
.top nav { display: flex; gap: 28px; flex: 1; }
.top nav a, .basket { text-decoration: none; font-size: 15px; line-height: 44px; }
.crumbs { font-size: 14px; color: #6b665b; padding: 14px 0; display: flex; gap: 10px; }
.crumbs a { line-height: 28px; } .crumbs span { line-height: 28px; }

.product { display: grid; grid-template-columns: minmax(0, 7fr) minmax(0, 5fr); gap: 56px; align-items: start; }
.gallery > img { border-radius: 6px; aspect-ratio: 5 / 4; object-fit: cover; }
.thumbs { display: grid; grid-template-columns: repeat(3, 1fr); gap: 12px; margin-top: 12px; }
.thumbs img { border-radius: 4px; aspect-ratio: 5 / 4; object-fit: cover; }
.buy { display: flex; flex-direction: column; gap: 14px; }
.buy h1 { font-size: 36px; }
.rating { display: flex; align-items: center; gap: 8px; font-size: 15px; }
.stars { color: #9a6a12; letter-spacing: 2px; }
.price { font-size: 24px; }
.lead { margin: 0; color: #4a463d; }
.buy button { width: 100%; min-height: 54px; border: 0; border-radius: 4px; background: var(--button-fill); color: var(--button-ink); font: inherit; font-size: 17px; font-weight: 600; cursor: pointer; }
.assure { font-size: 15px; color: #4a463d; display: grid; gap: 4px; }
.assure li::before { content: "✓"; color: #1f4d3a; margin-right: 10px; }
.facts { border-top: 1px solid #e4ddd0; font-size: 15px; }
.facts li { display: flex; justify-content: space-between; gap: 24px; padding: 10px 0; border-bottom: 1px solid #e4ddd0; }
.facts span { color: #6b665b; }

section { padding: 72px 0 0; }
.story { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 56px; align-items: center; }
.story img { border-radius: 6px; }
.story p { margin: 0 0 16px; }
table { border-collapse: collapse; width: 100%; font-size: 15px; }
table.fixed { width: 720px; }
th, td { text-align: left; padding: 12px 10px 12px 0; border-bottom: 1px solid #e4ddd0; font-weight: 400; }
thead th { color: #6b665b; }
.cards { display: grid; gap: 24px; }
.reviews { grid-template-columns: repeat(3, minmax(0, 1fr)); }
.reviews li { background: #fff; border: 1px solid #e4ddd0; border-radius: 6px; padding: 22px; }
.reviews p { margin: 8px 0 12px; }
.reviews strong { font-weight: 600; font-size: 15px; }
.related { grid-template-columns: repeat(4, minmax(0, 1fr)); }
.related a { text-decoration: none; display: block; }
.related img { border-radius: 6px; aspect-ratio: 1; object-fit: cover; margin-bottom: 10px; background: #ece5d8; }
.related span { color: #6b665b; display: block; }
.ask { display: grid; grid-template-columns: minmax(0, 4fr) minmax(0, 5fr); gap: 56px; }
form { display: grid; gap: 14px; }
label { font-size: 15px; display: block; margin-bottom: 4px; }
input, textarea { width: 100%; min-height: 46px; padding: 10px 12px; border: 1px solid #8b8475; border-radius: 4px; background: #fff; color: inherit; font: inherit; }
textarea { min-height: 110px; }
.plain { min-height: 48px; padding: 0 24px; border: 1px solid #1f4d3a; border-radius: 4px; background: #fff; color: #1f4d3a; font: inherit; font-size: 16px; font-weight: 600; justify-self: start; cursor: pointer; }
.small { font-size: 14px; color: #5d584e; margin: 0; }
.small a, .assure a { display: inline-block; line-height: 26px; }

footer { margin-top: 88px; background: #23302a; color: #e9e4d8; font-size: 15px; }
footer .wide { display: grid; grid-template-columns: 2fr 1fr 1fr 1fr; gap: 40px; padding-top: 48px; padding-bottom: 48px; }
footer h3 { font-size: 17px; margin-bottom: 10px; }
footer a { display: inline-block; line-height: 34px; text-decoration: none; }
footer p { margin: 0 0 12px; max-width: 34ch; }

.news { position: fixed; z-index: 10; background: #fff; box-shadow: 0 8px 40px rgb(0 0 0 / .22); }
.news form { grid-template-columns: minmax(0, 1fr) auto; align-items: end; gap: 10px; }
.news h2 { font-size: 19px; margin: 0; padding-right: 44px; }
.news label { font-size: 13px; margin: 0; }
.news input, .news form button { min-height: 44px; }
.news form button { border: 0; border-radius: 4px; background: #3b3a36; color: #fff; padding: 0 16px; font: inherit; font-size: 15px; font-weight: 600; }
.news .close { position: absolute; top: 4px; right: 4px; width: 44px; height: 44px; border: 0; background: none; font-size: 24px; color: #4a463d; cursor: pointer; }
.news.card { left: 24px; bottom: 24px; width: 372px; padding: 12px 18px 16px; border-radius: 8px; }
.news.sheet { left: 0; right: 0; bottom: 0; height: 34vh; padding: 40px 24px; background: #f1e7d3; display: grid; align-content: center; justify-content: center; gap: 18px; grid-template-columns: minmax(0, 560px); }
.news.sheet h2 { font-size: 34px; }

@media (max-width: 760px) {
  .wide { padding: 0 16px; }
  .top .wide { height: 56px; gap: 12px; justify-content: space-between; }
  .top nav, .crumbs, .thumbs { display: none; }
  .product { display: block; }
  .gallery { margin: 0 -16px; }
  .gallery > img { border-radius: 0; height: 216px; aspect-ratio: auto; }
  .buy { gap: 8px; padding-top: 12px; }
  .buy h1 { font-size: 27px; }
  .price { font-size: 21px; line-height: 1.3; }
  .buy .lead, .buy .assure, .buy .facts { order: 3; }
  .buy form { order: 2; }
  .button-last .gallery > img { height: 390px; }
  .button-last .buy form { order: 4; }
  section { padding-top: 52px; }
  h2 { font-size: 24px; }
  .story, .ask { display: block; }
  .story img { margin-top: 20px; }
  .reviews { grid-template-columns: 1fr; }
  .related { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 20px 14px; }
  .ask form { margin-top: 20px; }
  th, td { padding-right: 6px; font-size: 14px; }
  footer .wide { grid-template-columns: 1fr 1fr; gap: 28px; }
  footer .wide > :first-child { grid-column: 1 / -1; }
  .news.card { left: 12px; right: 12px; bottom: 12px; width: auto; padding: 2px 14px 10px; }
  .news.card h2 { font-size: 16px; line-height: 38px; }
  .news .close { top: 0; }
  .news.card form { gap: 6px 10px; }
  .news.card label { line-height: 1.3; }
  .news.sheet { padding: 20px 16px; gap: 12px; }
  .news.sheet h2 { font-size: 25px; }
}
`;

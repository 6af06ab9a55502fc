import { TEXT_LIMIT, type Evidence } from '../evidence.ts';

/** Languages whose words the patterns here know. In any other, a word that was not found proves nothing. */
const KNOWN_LANGUAGES = ['en', 'de', 'fr', 'es', 'ja'];

/** Whole words of languages that put spaces between them, and Japanese anywhere. */
function words(spaced: string, japanese: string): RegExp {
  return new RegExp(`(?<!\\p{L})(?:${spaced})(?!\\p{L})|${japanese}`, 'iu');
}

export const SHIPPING = words(
  'shipping|ships|delivery|deliver(?:s|ed)|versand(?:kosten(?:frei)?|fertig|bereit)?|liefer(?:ung|zeit|bar|kosten)|geliefert|livraison|livrée?s?|expédi(?:é|ée|tion)|envíos?|entrega',
  '送料|配送|お届け|発送',
);
export const RETURNS = words(
  'returns?|refunds?|exchanges?|money[- ]back|rückgabe(?:recht)?|rücksendung(?:en)?|retouren?|widerruf(?:srecht|sbelehrung)?|umtausch|retours?|remboursements?|rétractation|devolución|devoluciones|reembolsos?|cambios',
  '返品|返金|交換',
);
export const REVIEWS = words(
  '\\d[\\d.,\\s]*(?:customer |verified |product )?(?:reviews?|ratings?)|\\d[\\d.,\\s]*(?:kunden)?bewertung(?:en)?|\\d[\\d.,\\s]*rezension(?:en)?|\\d[\\d.,\\s]*avis(?: clients?)?|\\d[\\d.,\\s]*(?:opiniones|reseñas|valoraciones)|[0-5](?:[.,]\\d)? ?(?:/|out of|von|sur|de) ?5(?: stars?| sternen?| étoiles| estrellas)?|customer reviews|kundenbewertungen|avis clients|opiniones de clientes',
  '[★⭐]{2,}|レビュー|口コミ|クチコミ',
);
export const CONTACT = words(
  'contact(?: us)?|customer (?:service|care|support)|help (?:cent(?:er|re)|desk)|get in touch|kontakt|kundenservice|kundendienst|impressum|contactez|nous contacter|service clients?|contacto|contáctanos|contactar|atención al cliente',
  'お問い?合わ?せ|問い合わせ|サポート',
);
export const PRIVACY = words(
  'privacy|data protection|datenschutz(?:erklärung|hinweise)?|confidentialité|données personnelles|vie privée|privacidad|protección de datos',
  'プライバシー|個人情報',
);
export const TERMS = words(
  'terms|conditions of (?:use|sale)|agb|geschäftsbedingungen|nutzungsbedingungen|cgv|cgu|conditions générales|mentions légales|términos|condiciones|aviso legal',
  '利用規約|特定商取引|約款',
);

/** Labels that do not say what happens next, matched whole. */
const VAGUE = new Set([
  'submit', 'click here', 'learn more', 'continue', 'go', 'send',
  'absenden', 'senden', 'weiter', 'hier klicken', 'mehr erfahren', 'los',
  'envoyer', 'valider', 'continuer', 'cliquez ici', 'en savoir plus',
  'enviar', 'continuar', 'haz clic aquí', 'más información', 'ir',
  '送信', '続ける', '次へ', 'こちら', '詳細はこちら', '詳しくはこちら',
]);

/** True for a label such as "Submit" or "Weiter", whatever its case, arrows or dots. */
export function isVague(label: string): boolean {
  return VAGUE.has(label.toLowerCase().replace(/[^\p{L}\p{N} ]/gu, '').trim());
}

/** Whether the labels of this page are in a language whose words are known. */
export function isKnownLanguage(evidence: Evidence): boolean {
  return evidence.language !== null && KNOWN_LANGUAGES.includes(evidence.language.split('-')[0] ?? '');
}

/** Why a word that was not found proves nothing on this page; null where its absence is a fact. */
export function blindSpot(evidence: Evidence): string | null {
  if (evidence.language === null) return 'not found, but the page does not name its language';
  if (!isKnownLanguage(evidence)) return `not found, but the words of this page's language (${evidence.language}) are not known`;
  if (evidence.views.some((view) => view.text.full.length >= TEXT_LIMIT)) return 'not found in the part of the text that was read';
  return null;
}

const segmenter = new Intl.Segmenter(undefined, { granularity: 'word' });

/** Number of words, also where a language writes none of its spaces. */
export function countWords(text: string): number {
  return [...segmenter.segment(text)].filter((segment) => segment.isWordLike).length;
}

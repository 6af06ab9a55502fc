/**
 * Words in English, German, French, Spanish and Japanese, by what they tell. They sort what was seen;
 * whether a page lacks something is never decided by them where its language is another.
 */

/** Languages whose words stand here. In any other, a word that was not found proves nothing. */
const KNOWN_LANGUAGES = ['en', 'de', 'fr', 'es', 'ja'];

/** Whether labels in this language (a BCP 47 tag, lower case) are in words that are known. */
export function isKnownLanguage(language: string | null): boolean {
  return language !== null && KNOWN_LANGUAGES.includes(language.split('-')[0] ?? '');
}

const segmenter = new Intl.Segmenter(undefined, { granularity: 'word' });

/** Number of words, also where a language writes none of its spaces. */
export function countWords(text: string): number {
  return [...segmenter.segment(text)].filter((segment) => segment.isWordLike).length;
}

/** Whole words of languages that put spaces between them, and Japanese anywhere. */
function words(spaced: string, japanese: string): RegExp {
  return new RegExp(`(?<!\\p{L})(?:${spaced})(?!\\p{L})|${japanese}`, 'iu');
}

// ---- Calls to action -----------------------------------------------------------------------

/** Putting into a basket or buying at once. */
export const CART = words(
  'add(?: \\S+)? to (?:my )?(?:cart|bag|basket|trolley)|buy (?:it )?now|in den (?:waren|einkaufs)korb|jetzt kaufen|ajouter au panier|acheter maintenant|añadir (?:al carrito|a la cesta)|agregar al carrito|comprar ahora',
  'カートに入れる|カートに追加|かごに入れる|購入する|今すぐ購入',
);

/** Verbs open a label in English, French and Spanish; German puts them anywhere, often last. */
const OPENING = new RegExp(`^(?:(?:now|yes|ok|please|jetzt|oui|sí|si)[,!]? +)?(?:${[
  'buy|purchase|order (?:now|online|yours|today|here|your|a)|place (?:my |your )?order|pay(?: now| with)?|shop (?:now|the|all|our)|check ?out|proceed to checkout|pre-?order',
  'get|start|try|sign ?up|register|join|subscribe|book (?:a|an|now|your|online|my|the|it|free)|reserve|schedule|request|apply (?:now|today|here|for|online)|enrol?l|donate|claim|unlock|upgrade',
  'contact (?:us|sales|me|our)|call (?:us|now|\\+?\\d)|talk to|chat with|download|install|create (?:an?|your|my|free)|open (?:an?|your) (?:free )?account|see (?:pricing|plans|prices|a demo)|view (?:pricing|plans)|watch (?:a |the )?demo|choose|select (?:plan|this)|free (?:trial|quote|demo|consultation)|calculate|find (?:a|your)',
  'acheter|commander|essayer|essayez|commencer|commencez|démarrer|s[’\']inscrire|inscrivez-vous|s[’\']abonner|réserver|réservez|demander|demandez|télécharger|contactez-nous|obtenir|obtenez|découvrir l[’\']offre|créer (?:un|mon)|prendre rendez-vous|je (?:m[’\']inscris|commande|réserve)|payer',
  'comprar|pedir|probar|prueba|empezar|empieza|comenzar|comienza|registrarse|regístrate|suscribirse|suscríbete|reservar|reserva|solicitar|solicita|descargar|contáctanos|obtener|consigue|crear (?:una |mi )?cuenta|pagar',
].join('|')})(?![\\p{L}])`, 'iu');
const ANYWHERE = words(
  'kaufen|bestellen|buchen|testen|ausprobieren|starten|loslegen|anfordern|registrieren|abonnieren|herunterladen|reservieren|vereinbaren|anfragen|bewerben|beitreten|konto (?:erstellen|eröffnen)|zur kasse|kontakt aufnehmen|angebot (?:sichern|einholen)|spenden|jetzt (?:anmelden|sichern|entdecken)|newsletter anmelden',
  '購入|注文|今すぐ|無料で|試す|お試し|始める|はじめる|登録|予約|申し?込|資料請求|お問い?合わせ|ダウンロード|見積|相談する|レジに進む',
);

/** Labels that do not say what happens next. */
const VAGUE = 'submit|send|continue|go|click here|learn more|absenden|senden|weiter|los|hier klicken|mehr erfahren|envoyer|valider|continuer|cliquez ici|en savoir plus|enviar|continuar|ir|haz clic aquí|más información';
const VAGUE_JAPANESE = '送信|続ける|次へ|こちら|詳細はこちら|詳しくはこちら';
const ALL_VAGUE = new RegExp(`^(?:${VAGUE}|${VAGUE_JAPANESE})$`, 'iu');
/** Labels that press for an action without naming it: they count only on something that looks like a button. */
const SOFT = words(
  `${VAGUE}|next|find out more|read more|discover|explore|see more|let[’']s go|entdecken|anmelden|suivant|découvrir|siguiente|saber más|descubrir`,
  `${VAGUE_JAPANESE}|詳しく|詳細`,
);
const LOGIN = words('log ?in|sign ?in|anmelden|einloggen|connexion|se connecter|iniciar sesión|acceder', 'ログイン');

/** How strongly a label calls to act: `names` the act, presses `softly`, or does not. */
export function callIn(label: string): 'names' | 'softly' | null {
  const text = label.replace(/^[^\p{L}\p{N}+]+/u, '').trim();
  if (text === '' || text.length > 60 || text.split(/\s+/).length > 8) return null;
  if (CART.test(text) || OPENING.test(text) || ANYWHERE.test(text)) return 'names';
  return SOFT.test(text) && !LOGIN.test(text) ? 'softly' : null;
}

/** True for a label that is nothing but "Submit" or "Weiter", whatever its case, arrows or dots. */
export function isVague(label: string): boolean {
  return ALL_VAGUE.test(label.replace(/[^\p{L}\p{N} ]/gu, '').trim());
}

// ---- Overlays ------------------------------------------------------------------------------

export const CLOSE = words(
  'close|dismiss|no,? thanks|not now|maybe later|hide|got it|skip|schließen|nein,? danke|später|ausblenden|fermer|non,? merci|plus tard|ignorer|cerrar|no,? gracias|ahora no|omitir',
  '閉じる|後で|スキップ',
);
/** A label that is nothing but a cross. */
export const CROSS = /^[x×✕✖✗╳⨉🗙❌]$/iu;
/** Refusals, also in some languages whose other words are not known: consent tools speak the visitor's, not the page's. */
export const REJECT = words(
  'reject|decline|deny|refuse|disagree|do not (?:accept|agree)|opt out|only (?:necessary|essential)|(?:necessary|essential) (?:cookies )?only|continue without|ablehnen|nur (?:notwendige|erforderliche|essenzielle)|(?:weiter |fortfahren )?ohne (?:einwilligung|zustimmung)|(?:tout )?refuser|continuer sans|rechazar|denegar|solo (?:necesarias|esenciales)|continuar sin|rifiut[ao](?:re)?|continua senza|weigeren|afwijzen|rejeitar|recusar|odrzuć|odmítnout|avvisa',
  '拒否|同意しない|必要な.{0,6}のみ',
);
/** Agreeing to cookies. */
export const ACCEPT = words(
  'accept|agree|allow|consent|ok|okay|understood|akzeptieren|zustimmen|einverstanden|erlauben|verstanden|accepter|autoriser|j[’\']accepte|aceptar|permitir|entendido',
  '同意|許可|承諾',
);
export const COOKIES = words('cookies?|gdpr|dsgvo|consent preferences|privacy preferences|datenschutzeinstellungen|rgpd', 'クッキー');
/** Ids and classes of consent tools and of chat launchers. */
export const COOKIE_MARKS = /cookie|consent|onetrust|usercentrics|didomi|cookiebot|cybot|quantcast|trustarc|klaro|borlabs|gdpr|cmp-?(?:box|banner|container)/;
export const CHAT_MARKS = /(?:^|[^a-z])(?:live-?)?chat(?:[^a-z]|$)|intercom|drift|crisp|zendesk|zopim|tawk|hubspot-messages|tidio|livechat|freshchat|olark|gorgias|whatsapp|messenger/;
export const CHAT = words('chat(?: with us)?|live chat|nachricht senden|discuter', 'チャット');

// ---- Kinds of business ---------------------------------------------------------------------

export const PLANS = words(
  'pricing|free trial|per (?:user|seat|month)|/ ?(?:mo|month|user)|request a demo|book a demo|plans?|billed (?:monthly|annually)|no credit card|preise|kostenlos testen|pro monat|tarife|essai gratuit|par mois|tarifs|prueba gratis|al mes|planes',
  '料金プラン|無料トライアル|月額',
);
export const SERVICES = words(
  'book an appointment|appointments?|free (?:quote|estimate|consultation)|our services|termin (?:buchen|vereinbaren)|unsere leistungen|prendre rendez-vous|nos services|devis gratuit|pedir cita|nuestros servicios|presupuesto',
  'ご予約|サービス案内|無料相談',
);

// ---- Trust ---------------------------------------------------------------------------------

export const SHIPPING = words(
  'shipping|ships|delivery|deliver(?:s|ed)|versand(?:kosten(?:frei)?|fertig|bereit)?|liefer(?:ung|zeit|bar|kosten)|geliefert|livraison|livrée?s?|expédi(?:é|ée|tion)|envíos?|entrega',
  '送料|配送|お届け|発送',
);
export const RETURNS = words(
  'returns?|refunds?|exchanges?|money[- ]back|rückgabe(?:recht)?|rücksendung(?:en)?|retouren?|widerruf(?:srecht|sbelehrung)?|umtausch|retours?|remboursements?|rétractation|devolución|devoluciones|reembolsos?|cambios',
  '返品|返金|交換',
);
const REVIEW_NOUNS = '(?:customer |verified |product )?(?:reviews?|ratings?)|(?:kunden)?bewertung(?:en)?|rezension(?:en)?|avis(?: clients?)?|opiniones|reseñas|valoraciones';
/** Counts and averages of reviews. The gap after a number is bounded, so that a page of digits is read in one pass. */
export const REVIEWS = words(
  `(?<!\\d)\\d[\\d.,\\s]{0,12}(?:${REVIEW_NOUNS})|(?:${REVIEW_NOUNS}) ?\\(\\d|[0-5](?:[.,]\\d)? ?(?:/|out of|von|sur|de) ?5(?: stars?| sternen?| étoiles| estrellas)?|customer reviews|kundenbewertungen|avis clients|opiniones de clientes`,
  '[0-5][.,]\\d ?[★⭐]|[★⭐] ?[0-5][.,]\\d|[★⭐]{2,}|レビュー|口コミ|クチコミ',
);
export const CONTACT = words(
  'contact(?: us)?|customer (?:service|care|support)|support|help (?:cent(?:er|re)|desk)|get in touch|kontakt|hilfe|kundenservice|kundendienst|impressum|contactez|nous contacter|service clients?|contacto|contáctanos|contactar|atención al cliente',
  'お問い?合わ?せ|問い合わせ|サポート',
);
/** An e-mail address, or a telephone number that is named as one or has its country's code. */
export const ADDRESS = /(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{2,63}){1,4}|(?<![\w+])\+\d{1,3}[ ()/.\d-]{6,18}\d|(?<!\p{L})(?:tel|telephone|phone|call(?: us)?|telefon|fon|téléphone|tél|teléfono)[.:]{0,2} ?[+(]?\d[ ()/.\d-]{5,18}\d|(?:電話|TEL)[:：]? ?\d[\d()-]{7,14}\d/iu;
export const PRIVACY = words(
  'privacy|data protection|datenschutz(?:erklärung|hinweise)?|confidentialité|données personnelles|vie privée|privacidad|protección de datos',
  'プライバシー|個人情報',
);
export const TERMS = words(
  'terms|conditions of (?:use|sale)|agb|geschäftsbedingungen|nutzungsbedingungen|cgv|cgu|conditions générales|mentions légales|términos|condiciones|aviso legal',
  '利用規約|特定商取引|約款',
);

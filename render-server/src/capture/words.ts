/**
 * Word lists in English, German, French, Spanish and Japanese. They sort what was seen; whether a page
 * lacks something is never decided by them alone.
 */

/** Whole words of languages that put spaces between them, and Japanese anywhere. */
function words(spaced: string, japanese: string): RegExp {
  return new RegExp(`(?<!\\p{L})(?:${spaced})(?!\\p{L})|${japanese}`, 'iu');
}

/** Verbs open a label in English, French and Spanish; German puts them anywhere, often last. */
const OPENING = new RegExp(`^(?:(?:now|yes|ok|please|jetzt|oui|sí|si)[,!]? +)?(?:${[
  'add(?: \\S+)? to (?:cart|bag|basket|trolley)|buy|purchase|order (?:now|online|yours|today|here|your|a)|place (?:my |your )?order|pay(?: now| with)?|shop (?:now|the|all|our)|check ?out|proceed to checkout|pre-?order',
  'get|start|try|sign ?up|register|join|subscribe|book (?:a|an|now|your|online|my|the|it|free)|reserve|schedule|request|apply (?:now|today|here|for|online)|enrol?l|donate|claim|unlock|upgrade',
  'contact (?:us|sales|me|our)|call (?:us|now|\\+?\\d)|talk to|chat with|download|install|create (?:an?|your|my|free)|open (?:an?|your) (?:free )?account|see (?:pricing|plans|prices|a demo)|view (?:pricing|plans)|watch (?:a |the )?demo|choose|select (?:plan|this)|free (?:trial|quote|demo|consultation)|calculate|find (?:a|your)',
  'acheter|ajouter au panier|commander|essayer|essayez|commencer|commencez|démarrer|s[’\']inscrire|inscrivez-vous|s[’\']abonner|réserver|réservez|demander|demandez|télécharger|contactez-nous|obtenir|obtenez|découvrir l[’\']offre|créer (?:un|mon)|prendre rendez-vous|je (?:m[’\']inscris|commande|réserve)|payer',
  'comprar|añadir (?:al carrito|a la cesta)|agregar al carrito|pedir|probar|prueba|empezar|empieza|comenzar|comienza|registrarse|regístrate|suscribirse|suscríbete|reservar|reserva|solicitar|solicita|descargar|contáctanos|obtener|consigue|crear (?:una |mi )?cuenta|pagar',
].join('|')})(?![\\p{L}])`, 'iu');
const ANYWHERE = words(
  'in den (?:waren|einkaufs)korb|kaufen|bestellen|buchen|testen|ausprobieren|starten|loslegen|anfordern|registrieren|abonnieren|herunterladen|reservieren|vereinbaren|anfragen|bewerben|beitreten|konto (?:erstellen|eröffnen)|zur kasse|kontakt aufnehmen|angebot (?:sichern|einholen)|spenden|jetzt (?:anmelden|sichern|entdecken)|newsletter anmelden',
  'カートに入れる|カートに追加|かごに入れる|購入|注文|今すぐ|無料で|試す|お試し|始める|はじめる|登録|予約|申し?込|資料請求|お問い?合わせ|ダウンロード|見積|相談する|レジに進む',
);
/** Labels that press for an action without naming it: they count only on something that looks like a button. */
const SOFT = words(
  'submit|send|continue|go|next|click here|learn more|find out more|read more|discover|explore|see more|let[’\']s go|absenden|senden|weiter|los|mehr erfahren|hier klicken|entdecken|anmelden|envoyer|valider|continuer|suivant|en savoir plus|découvrir|enviar|continuar|siguiente|más información|saber más|descubrir',
  '送信|次へ|続ける|詳しく|詳細',
);
const LOGIN = words('log ?in|sign ?in|anmelden|einloggen|connexion|se connecter|iniciar sesión|acceder', 'ログイン');

/** How strongly a label calls to act: `names` the act, presses `softly`, or does not. */
export function callIn(label: string): 'names' | 'softly' | null {
  const text = label.replace(/^[^\p{L}\p{N}+]+/u, '').trim();
  if (text === '' || text.length > 60 || text.split(/\s+/).length > 8) return null;
  if (OPENING.test(text) || ANYWHERE.test(text)) return 'names';
  return SOFT.test(text) && !LOGIN.test(text) ? 'softly' : null;
}

export const CLOSE = words(
  'close|dismiss|no,? thanks|not now|maybe later|hide|got it|skip|schließen|nein,? danke|später|ausblenden|fermer|non,? merci|plus tard|ignorer|cerrar|no,? gracias|ahora no|omitir',
  '閉じる|後で|スキップ',
);
/** A label that is nothing but a cross. */
export const CROSS = /^[x×✕✖✗╳⨉🗙❌]$/iu;
export const REJECT = words(
  'reject|decline|deny|refuse|only (?:necessary|essential)|(?:necessary|essential) (?:cookies )?only|continue without|ablehnen|nur (?:notwendige|erforderliche|essenzielle)|(?:tout )?refuser|continuer sans|rechazar|denegar|solo (?:necesarias|esenciales)',
  '拒否|必要な.{0,6}のみ',
);
export const COOKIES = words('cookies?|gdpr|dsgvo|consent preferences|privacy preferences|datenschutzeinstellungen|rgpd', 'クッキー');
/** Ids and classes of consent tools and of chat launchers. */
export const COOKIE_MARKS = /cookie|consent|onetrust|usercentrics|didomi|cookiebot|cybot|quantcast|trustarc|klaro|borlabs|gdpr|cmp-?(?:box|banner|container)/;
export const CHAT_MARKS = /(?:^|[^a-z])(?:live-?)?chat(?:[^a-z]|$)|intercom|drift|crisp|zendesk|zopim|tawk|hubspot-messages|tidio|livechat|freshchat|olark|gorgias|whatsapp|messenger/;
export const CHAT = words('chat(?: with us)?|live chat|nachricht senden|discuter', 'チャット');

export const CART = words(
  'add(?: \\S+)? to (?:cart|bag|basket|trolley)|buy now|in den (?:waren|einkaufs)korb|jetzt kaufen|ajouter au panier|añadir (?:al carrito|a la cesta)|agregar al carrito',
  'カートに入れる|カートに追加|かごに入れる|購入する',
);
export const PLANS = words(
  'pricing|free trial|per (?:user|seat|month)|/ ?(?:mo|month|user)|request a demo|book a demo|plans?|billed (?:monthly|annually)|no credit card|preise|kostenlos testen|pro monat|tarife|essai gratuit|par mois|tarifs|prueba gratis|al mes|planes',
  '料金プラン|無料トライアル|月額',
);
export const SERVICES = words(
  'book an appointment|appointments?|free (?:quote|estimate|consultation)|our services|termin (?:buchen|vereinbaren)|unsere leistungen|prendre rendez-vous|nos services|devis gratuit|pedir cita|nuestros servicios|presupuesto',
  'ご予約|サービス案内|無料相談',
);

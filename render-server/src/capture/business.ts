import type { BusinessType } from '@cro-analyzer/protocol/messages';
import type { View } from '../evidence.ts';
import { CART, PLANS, SERVICES } from '../words.ts';

const SERVICE_TYPES = /^(?:LocalBusiness|ProfessionalService|Service|LegalService|MedicalBusiness|Dentist|Physician|HomeAndConstructionBusiness|Plumber|Electrician|Restaurant|FinancialService|HealthAndBeautyBusiness)$/;
const ARTICLE_TYPES = /^(?:\w*Article|BlogPosting|Recipe|Blog)$/;
const PRODUCT_TYPES = /^(?:Product|ProductGroup)$/;

/** What kind of business the page is of, by its structured data, prices, forms and words; `unknown` when that stays unsure. */
export function businessTypeOf(view: Pick<View, 'structuredData' | 'elements' | 'headings' | 'forms' | 'text'>): BusinessType {
  const { nodes } = view.structuredData;
  const has = (pattern: RegExp): boolean => nodes.some((node) => isOfType(node, pattern));
  const carts = view.elements.filter(({ cta, name, text }) => cta !== null && CART.test(text || name)).length;
  const prices = view.elements.filter(({ kind, visible }) => kind === 'price' && visible).length;
  const leads = view.forms.filter(({ purpose, visible }) => purpose === 'lead' && visible).length;
  const plans = new Set([...view.text.full.matchAll(new RegExp(PLANS.source, 'giu'))].map(([word]) => word.toLowerCase().replace(/s$/, ''))).size;
  const products = new Set(nodes.filter((node) => isOfType(node, PRODUCT_TYPES)).map((node) => String(node.name)));

  if (has(/^(?:ItemList|OfferCatalog|CollectionPage)$/) && prices > 2) return 'shop';
  if (has(ARTICLE_TYPES) && carts === 0) return 'content';
  if (products.size > 0 && carts + prices > 0) return products.size === 1 || isAboutOne(products, view) ? 'product' : 'shop';
  if (carts > 0 && carts <= 2 && prices > 0) return 'product';
  if (carts > 2 || (has(/^(?:OnlineStore|Store)$/) && prices > 2)) return 'shop';
  if (has(/^(?:SoftwareApplication|WebApplication|MobileApplication)$/) || plans >= 3) return 'saas';
  if (has(SERVICE_TYPES)) return 'service';
  if (leads > 0) return 'lead';
  return SERVICES.test(view.text.full) ? 'service' : 'unknown';
}

function isOfType(node: Record<string, unknown>, pattern: RegExp): boolean {
  return [node['@type']].flat().some((type) => typeof type === 'string' && pattern.test(type));
}

/** Whether the headline names one of the products: the others are recommended beside it. */
function isAboutOne(products: Set<string>, { headings }: Pick<View, 'headings'>): boolean {
  const headline = headings.find(({ level, visible }) => level === 1 && visible)?.text.toLowerCase() ?? '';
  return headline !== '' && [...products].some((name) => name.toLowerCase().includes(headline) || headline.includes(name.toLowerCase()));
}

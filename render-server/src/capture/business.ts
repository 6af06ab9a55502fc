import type { BusinessType } from '@cro-analyzer/protocol/messages';
import type { View } from '../evidence.ts';
import { CART, PLANS, SERVICES } from './words.ts';

const SERVICE_TYPES = /^(?:LocalBusiness|ProfessionalService|Service|LegalService|MedicalBusiness|Dentist|Physician|HomeAndConstructionBusiness|Plumber|Electrician|Restaurant|FinancialService|HealthAndBeautyBusiness)$/;

/** What kind of business the page is of, by its structured data, prices, forms and words; `unknown` when that stays unsure. */
export function businessTypeOf(view: Pick<View, 'structuredData' | 'elements' | 'forms' | 'text'>): BusinessType {
  const types = view.structuredData.nodes.flatMap((node) => node['@type']).filter((type) => typeof type === 'string');
  const has = (pattern: RegExp): boolean => types.some((type) => pattern.test(type));
  const carts = view.elements.filter(({ cta, name, text }) => cta !== null && CART.test(text || name)).length;
  const prices = view.elements.filter(({ kind, visible }) => kind === 'price' && visible).length;
  const leads = view.forms.filter(({ purpose, visible }) => purpose === 'lead' && visible).length;
  const plans = new Set([...view.text.full.matchAll(new RegExp(PLANS.source, 'giu'))].map(([word]) => word.toLowerCase())).size;

  if (has(/^(?:ItemList|OfferCatalog|CollectionPage)$/) && prices > 2) return 'shop';
  if (has(/^(?:Product|ProductGroup)$/) || (carts > 0 && carts <= 2 && prices > 0)) return 'product';
  if (carts > 2 || (has(/^(?:OnlineStore|Store)$/) && prices > 2)) return 'shop';
  if (has(/^(?:SoftwareApplication|WebApplication|MobileApplication)$/) || plans >= 3) return 'saas';
  if (has(/^(?:\w*Article|BlogPosting|Recipe|Blog)$/)) return 'content';
  if (has(SERVICE_TYPES)) return 'service';
  if (leads > 0) return 'lead';
  return SERVICES.test(view.text.full) ? 'service' : 'unknown';
}

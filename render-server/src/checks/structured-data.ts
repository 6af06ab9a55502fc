import type { Evidence } from '../evidence.ts';

type Node = Record<string, unknown>;

/** JSON-LD nodes of one schema.org type, on any device. */
export function nodesOfType(evidence: Evidence, type: string): Node[] {
  return evidence.views.flatMap((view) => view.structuredData.nodes).filter((node) => [node['@type']].flat().includes(type));
}

/** The schema.org types that the page names, each once. What else stands in their place is the page's own mistake. */
export function typesIn(evidence: Evidence): string[] {
  const types = evidence.views.flatMap((view) => view.structuredData.nodes).flatMap((node) => [node['@type']].flat());
  return [...new Set(types.filter((type) => typeof type === 'string'))];
}

/** What the products of the page are offered for: offers and their price specifications are nested or single. */
export function offersOf(evidence: Evidence): Node[] {
  const nested = [...nodesOfType(evidence, 'Product'), ...nodesOfType(evidence, 'ProductGroup')].flatMap((product) => [
    ...objectsIn(product.offers),
    ...objectsIn(product.hasVariant).flatMap((variant) => objectsIn(variant.offers)),
  ]);
  return nested.flatMap((offer) => {
    const inner = objectsIn(offer.offers);
    return inner.length > 0 ? [offer, ...inner] : [offer];
  }).map((offer) => ({ ...objectsIn(offer.priceSpecification)[0], ...offer }));
}

function objectsIn(value: unknown): Node[] {
  return [value].flat().filter((item): item is Node => typeof item === 'object' && item !== null);
}

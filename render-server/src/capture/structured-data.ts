import type { StructuredData } from '../evidence.ts';

const NODES_MAX = 50;

/** JSON-LD blocks as nodes, graphs and lists flattened, and the messages of those that do not parse. */
export function structuredDataOf(blocks: string[]): StructuredData {
  const nodes: Record<string, unknown>[] = [];
  const errors: string[] = [];
  for (const block of blocks) {
    try {
      collect(JSON.parse(block), nodes);
    } catch (error) {
      errors.push(error instanceof Error ? error.message.slice(0, 200) : 'not JSON');
    }
  }
  return { nodes: nodes.slice(0, NODES_MAX), errors: errors.slice(0, 10) };
}

function collect(value: unknown, nodes: Record<string, unknown>[], depth = 0): void {
  if (typeof value !== 'object' || value === null || nodes.length >= NODES_MAX || depth > 5) return;
  if (Array.isArray(value)) {
    for (const item of value) collect(item, nodes, depth + 1);
    return;
  }
  const node = value as Record<string, unknown>;
  if (node['@graph'] === undefined) nodes.push(node);
  else collect(node['@graph'], nodes, depth + 1);
}

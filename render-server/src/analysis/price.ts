import type { Spending } from './analyst.ts';

/** US dollars for a million tokens. */
interface Price {
  input: number;
  output: number;
  cacheRead: number;
}

/**
 * List prices of November 2026. Haiku's price for reading the cache is not in our source: its input price stands in,
 * so that the cost named is never too low. Its price holds up to 100,000 tokens of prompt; ours stay below 25,000.
 */
const PRICES: Record<string, Price> = {
  'claude-haiku-5-5': { input: 0.10, output: 0.50, cacheRead: 0.10 },
  'claude-sonnet-5-5': { input: 2, output: 10, cacheRead: 0.10 },
  'claude-opus-5-5': { input: 4, output: 20, cacheRead: 0.20 },
};

/** Writing to the five-minute cache, against the input price. */
const CACHE_WRITE = 1.25;

/** The list price of these tokens in US dollars; null where the model's price is not known. */
export function costOf(model: string, tokens: Omit<Spending, 'costUsd'>): number | null {
  const price = PRICES[model.replace(/-\d{8}$/, '')];
  if (price === undefined) return null;
  const millionths = tokens.inputTokens * price.input
    + tokens.cacheWriteTokens * price.input * CACHE_WRITE
    + tokens.cacheReadTokens * price.cacheRead
    + tokens.outputTokens * price.output;
  return Math.round(millionths) / 1e6;
}

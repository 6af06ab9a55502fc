import type { Spending } from './analyst.ts';

export type Tokens = Omit<Spending, 'costUsd'>;

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

const DEAREST = Object.values(PRICES).reduce((dearest, price) => (price.output > dearest.output ? price : dearest));

/** Writing to the five-minute cache, against the input price. */
const CACHE_WRITE = 1.25;

/** The list price of these tokens in US dollars; null where the model's price is not known. */
export function costOf(model: string, tokens: Tokens): number | null {
  const price = priceOf(model);
  return price === undefined ? null : costAt(price, tokens);
}

/**
 * The same for a budget, in US dollars: a model whose price is not known counts as the dearest that is. A budget holds
 * for it, too, unless it costs more than that.
 */
export function budgetCostOf(model: string, tokens: Tokens): number {
  return costAt(priceOf(model) ?? DEAREST, tokens);
}

/**
 * The most that a call may cost, in US dollars, by {@link budgetCostOf}. All input counts as written to the cache, a
 * quarter above the input price: only the instructions are, and the rest makes up for what the estimate of the tokens misses.
 */
export function mostCostOf(model: string, inputTokens: number, maxOutputTokens: number): number {
  return budgetCostOf(model, { inputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: inputTokens, outputTokens: maxOutputTokens });
}

function priceOf(model: string): Price | undefined {
  return PRICES[model.replace(/-\d{8}$/, '')];
}

function costAt(price: Price, tokens: Tokens): number {
  const millionths = tokens.inputTokens * price.input
    + tokens.cacheWriteTokens * price.input * CACHE_WRITE
    + tokens.cacheReadTokens * price.cacheRead
    + tokens.outputTokens * price.output;
  return Math.round(millionths) / 1e6;
}

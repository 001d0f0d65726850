import type { TokenPrices } from '../../schemas/core.ts';

/** Prices by name of model, in USD for a million tokens. */
export type PriceTable = Readonly<Record<string, TokenPrices>>;

export const priceOf = (prices: PriceTable, model: string): TokenPrices | undefined =>
  Object.hasOwn(prices, model) ? prices[model] : undefined;

/** Cost of a call in USD; null without a price for the model or when the endpoint did not say how many tokens it used. */
export function costOf(
  prices: PriceTable,
  model: string,
  { inputTokens, outputTokens }: { readonly inputTokens: number | null; readonly outputTokens: number | null },
): number | null {
  const price = priceOf(prices, model);
  if (price === undefined || inputTokens === null || outputTokens === null) return null;
  return (inputTokens * price.inputPerMillion + outputTokens * price.outputPerMillion) / 1e6;
}

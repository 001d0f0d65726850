import { expect, it } from 'vitest';
import { costOf } from './price.ts';

const prices = { m: { inputPerMillion: 2, outputPerMillion: 10 } };

it.each([
  ['m', 1_000_000, 0, 2],
  ['m', 500, 100, 0.002],
  ['m', 0, 0, 0],
  ['m', null, 5, null],
  ['m', 5, null, null],
  ['other', 5, 5, null],
  ['toString', 5, 5, null],
])('%s with %s and %s tokens costs %s', (model, inputTokens, outputTokens, cost) => {
  expect(costOf(prices, model, { inputTokens, outputTokens })).toBe(cost);
});

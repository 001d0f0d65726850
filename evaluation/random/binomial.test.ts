import { describe, expect, it } from 'vitest';
import { binomial } from './binomial.ts';
import { seededRandom } from './seeded-random.ts';

/** Probabilities of 0 … n, by the recursion from the mode, which no code under test uses. */
function probabilities(n: number, p: number): number[] {
  const mode = Math.floor((n + 1) * p);
  const weights = Array.from({ length: n + 1 }, () => 0);
  weights[mode] = 1;
  for (let k = mode; k < n; k++) weights[k + 1] = ((weights[k] ?? 0) * (n - k) * p) / ((k + 1) * (1 - p));
  for (let k = mode; k > 0; k--) weights[k - 1] = ((weights[k] ?? 0) * k * (1 - p)) / ((n - k + 1) * p);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

describe('binomial draws', () => {
  it.each([
    [12, 0.3],
    [40, 0.5],
    [40, 0.8],
    [500, 0.03],
    [1000, 0.4],
  ])('follow the distribution: n = %i, p = %f', (n, p) => {
    const draws = 40_000;
    const random = seededRandom(11);
    const counts = Array.from({ length: n + 1 }, () => 0);
    for (let i = 0; i < draws; i++) {
      const k = binomial(random, n, p);
      counts[k] = (counts[k] ?? 0) + 1;
    }
    let [chiSquare, cells, restCount, restExpected] = [0, 0, 0, 0];
    probabilities(n, p).forEach((probability, k) => {
      restCount += counts[k] ?? 0;
      restExpected += probability * draws;
      if (restExpected < 20) return;
      chiSquare += (restCount - restExpected) ** 2 / restExpected;
      [restCount, restExpected] = [0, 0];
      cells++;
    });
    // The mean of a chi-square is its degrees of freedom, its deviation √(2 df).
    expect(cells).toBeGreaterThan(5);
    expect(chiSquare).toBeLessThan(cells + 4 * Math.sqrt(2 * cells));
  });

  it('keeps to the ends', () => {
    const random = seededRandom(1);
    expect([binomial(random, 0, 0.5), binomial(random, 9, 0), binomial(random, 9, 1)]).toEqual([0, 0, 9]);
    for (let i = 0; i < 2000; i++) {
      const k = binomial(random, 25, 0.45);
      expect(k >= 0 && k <= 25).toBe(true);
    }
  });
});

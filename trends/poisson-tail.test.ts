import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { logPoissonTail, poissonTail } from './poisson-tail.ts';

describe('the Poisson tail', () => {
  // The regularised lower incomplete gamma function P(k, rate), to 60 digits with mpmath 1.3.
  it.each([
    { k: 1, rate: 0.5, log: -0.932752129567189 },
    { k: 3, rate: 0.2, log: -6.76931486608415 },
    { k: 10, rate: 0.0416666666666667, log: -46.9228236756215 },
    { k: 5, rate: 5, log: -0.580699749631421 },
    { k: 10, rate: 3, log: -6.8101857170364 },
    { k: 20, rate: 20, log: -0.635363799415761 },
    { k: 100, rate: 80, log: -4.06819079119701 },
    { k: 25, rate: 30, log: -0.171075464501434 },
    { k: 1000, rate: 900, log: -7.50576999423389 },
    { k: 1_000_000, rate: 998_000, log: -3.78556155827985 },
    { k: 200, rate: 5, log: -546.319217676749 },
    { k: 400, rate: 1, log: -2001.49820111859 },
    { k: 990, rate: 1000, log: -0.464744612536109 },
    { k: 1, rate: 1e-9, log: -20.7232658374464 },
  ])('of $k at rate $rate', ({ k, rate, log }) => {
    expect(Math.abs(logPoissonTail(k, rate) - log)).toBeLessThan(1e-8 * Math.max(1, Math.abs(log)));
  });

  it.each([
    { k: 0, rate: 3, p: 1 },
    { k: -1, rate: 0, p: 1 },
    { k: 1, rate: 0, p: 0 },
  ])('of $k at rate $rate is $p', ({ k, rate, p }) => expect(poissonTail(k, rate)).toBe(p));

  it('is a probability that falls with the count and rises with the rate', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5000 }), fc.double({ min: 1e-6, max: 5000, noNaN: true }), (k, rate) => {
        const p = poissonTail(k, rate);
        expect(p).toBeGreaterThanOrEqual(0);
        expect(p).toBeLessThanOrEqual(1);
        expect(poissonTail(k + 1, rate)).toBeLessThanOrEqual(p * (1 + 1e-9));
        expect(poissonTail(k, rate * 1.1)).toBeGreaterThanOrEqual(p * (1 - 1e-9));
      }),
      { numRuns: 300 },
    );
  });
});

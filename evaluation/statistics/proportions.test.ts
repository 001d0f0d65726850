import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mcnemarExact } from './mcnemar.ts';
import { newcombePaired, type PairedCounts } from './newcombe.ts';
import { wilsonInterval } from './wilson.ts';

const anyPairs: fc.Arbitrary<PairedCounts> = fc
  .record({ bothRight: fc.nat(300), onlyA: fc.nat(60), onlyB: fc.nat(60), bothWrong: fc.nat(300) })
  .filter((pairs) => pairs.bothRight + pairs.onlyA + pairs.onlyB + pairs.bothWrong > 0);

describe('wilsonInterval', () => {
  // R. G. Newcombe, Statistics in Medicine 17 (1998) 857–872, table I, method 3; the last: Fagerland, Lydersen, Laake,
  // Statistical Analysis of Contingency Tables (2017), ch. 2 (Ligarden et al.).
  it.each([
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
    [13, 16, 0.5699, 0.9341],
  ])('%i of %i: published limits', (x, n, low, high) => {
    const interval = wilsonInterval(x, n);
    expect(interval?.low).toBeCloseTo(low, 4);
    expect(interval?.high).toBeCloseTo(high, 4);
  });

  it('contains the share, stays within 0 and 1, mirrors, and narrows with n', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5000 }), fc.nat(5000), (n, x) => {
        const k = Math.min(x, n);
        const here = wilsonInterval(k, n) ?? { low: 1, high: 0 };
        expect(here.low).toBeLessThanOrEqual(k / n);
        expect(here.high).toBeGreaterThanOrEqual(k / n);
        expect(here.low >= 0 && here.high <= 1 && here.low < here.high).toBe(true);
        const mirrored = wilsonInterval(n - k, n);
        expect(mirrored?.low).toBeCloseTo(1 - here.high, 12);
        const larger = wilsonInterval(4 * k, 4 * n) ?? { low: 0, high: 1 };
        expect(larger.high - larger.low).toBeLessThan(here.high - here.low);
      }),
    );
  });

  it('is null without samples', () => {
    expect(wilsonInterval(0, 0)).toBeNull();
  });
});

describe('newcombePaired', () => {
  // First − second of the table [[both, first only], [second only, neither]].
  // Altman et al., Statistics with Confidence (2nd ed., 2000), table 6.2 · Bentur et al. and Cavo et al. in Fagerland, Lydersen,
  // Laake, "Recommended tests and confidence intervals for paired binomial proportions", Statistics in Medicine 33 (2014), and the
  // authors' package contingencytables (chapter 8), from whose tests the two-pair table also is.
  it.each([
    ['Altman', [14, 5, 0, 22], 0.122, 0.0115, 0.2265],
    ['Bentur', [1, 1, 7, 12], -0.2857, -0.5069, -0.0256],
    ['Cavo', [59, 6, 16, 80], -0.0621, -0.1186, -0.0046],
    ['two pairs', [1, 0, 0, 1], 0, -0.5734, 0.5734],
  ])('%s: published limits', (_, [both = 0, first = 0, second = 0, neither = 0], estimate, low, high) => {
    // The published difference is first − second, ours B − A.
    const interval = newcombePaired({ bothRight: both, onlyB: first, onlyA: second, bothWrong: neither });
    expect(interval?.estimate).toBeCloseTo(estimate, 3);
    expect(interval?.low).toBeCloseTo(low, 4);
    expect(interval?.high).toBeCloseTo(high, 4);
  });

  it('contains the estimate and mirrors when A and B are swapped, or right and wrong', () => {
    fc.assert(
      fc.property(anyPairs, (pairs) => {
        const here = newcombePaired(pairs) ?? { estimate: 2, low: 1, high: 0 };
        expect(here.low <= here.estimate && here.estimate <= here.high).toBe(true);
        expect(here.low >= -1 && here.high <= 1).toBe(true);
        const swapped = newcombePaired({ ...pairs, onlyA: pairs.onlyB, onlyB: pairs.onlyA });
        expect(swapped?.estimate).toBeCloseTo(-here.estimate, 12);
        expect(swapped?.low).toBeCloseTo(-here.high, 12);
        expect(swapped?.high).toBeCloseTo(-here.low, 12);
        const turned = newcombePaired({ bothRight: pairs.bothWrong, bothWrong: pairs.bothRight, onlyA: pairs.onlyB, onlyB: pairs.onlyA });
        expect(turned?.low).toBeCloseTo(-here.high, 12);
      }),
    );
  });

  it('gives exactly 0 for a variant against itself, with limits around it', () => {
    fc.assert(
      fc.property(fc.nat(500), fc.integer({ min: 1, max: 500 }), (bothRight, bothWrong) => {
        const same = newcombePaired({ bothRight, bothWrong, onlyA: 0, onlyB: 0 });
        expect(same?.estimate).toBe(0);
        expect((same?.low ?? 1) < 0 && (same?.high ?? -1) > 0).toBe(true);
      }),
    );
  });

  it('is null without samples', () => {
    expect(newcombePaired({ bothRight: 0, onlyA: 0, onlyB: 0, bothWrong: 0 })).toBeNull();
  });
});

describe('mcnemarExact', () => {
  // Bentur and Cavo as above (0.0703, 0.0525); the others from the binomial distribution by hand or scipy 1.17 binomtest.
  it.each([
    [1, 7, 0.0703125],
    [6, 16, 0.052478790283203125],
    [4, 12, 0.076812744140625],
    [0, 6, 0.03125],
    [5, 0, 0.0625],
    [480, 520, 0.2174482932041415],
    [4900, 5100, 0.04658552770494645],
    [500_000, 502_000, 0.0458246952632217],
  ])('%i against %i', (onlyA, onlyB, p) => {
    expect(mcnemarExact(onlyA, onlyB)).toBeCloseTo(p, 8);
  });

  it('keeps its digits far out in the tail, where the sum underflows at last', () => {
    expect(mcnemarExact(100, 300) / 2.591886906972111e-24).toBeCloseTo(1, 9);
    expect(mcnemarExact(0, 2000)).toBe(0);
  });

  it('is 1 without discordant samples and at balance, and symmetric', () => {
    expect(mcnemarExact(0, 0)).toBe(1);
    fc.assert(
      fc.property(fc.nat(400), fc.nat(400), (a, b) => {
        expect(mcnemarExact(a, a)).toBe(1);
        expect(mcnemarExact(a, b)).toBe(mcnemarExact(b, a));
        expect(mcnemarExact(a, b)).toBeLessThanOrEqual(1);
      }),
    );
  });
});

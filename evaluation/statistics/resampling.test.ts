import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bootstrapInterval } from './bootstrap.ts';
import { clusterRobustSe } from './cluster-robust.ts';
import { detectableBySe, detectableOnPairs, samplesToDecide } from './detectable-effect.ts';
import { studentQuantile } from './student-t.ts';

const meanInfluence = (values: readonly number[]) => {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { mean, influence: Float64Array.from(values, (value) => (value - mean) / values.length) };
};
const apart = (n: number) => Int32Array.from({ length: n }, (_, i) => i);

describe('clusterRobustSe', () => {
  it("is the paired t interval when every sample is its own cluster (Student's sleep data, 1908: R's t.test gives −2.459886 … −0.700114)", () => {
    const { mean, influence } = meanInfluence([-1.2, -2.4, -1.3, -1.3, 0, -1.0, -1.8, -0.8, -4.6, -1.4]);
    const robust = clusterRobustSe(influence, apart(10));
    const half = studentQuantile(0.975, 9) * (robust?.se ?? 0);
    expect(mean).toBeCloseTo(-1.58, 12);
    expect([mean - half, mean + half].map((x) => Number(x.toFixed(6)))).toEqual([-2.459886, -0.700114]);
  });

  it('agrees with statsmodels 0.14 (OLS on a constant, cov_type cluster, use_correction)', () => {
    const { influence } = meanInfluence([1, 0, -1, 0, 0, 1, 1, 0, -1, 0, 0, 0, 1, 0]);
    const of = Int32Array.from([0, 0, 0, 1, 1, 2, 3, 3, 3, 3, 4, 5, 5, 6]);
    const robust = clusterRobustSe(influence, of);
    expect(robust?.se).toBeCloseTo(0.10571612, 8);
    expect(robust?.clusters).toBe(7);
  });

  it('is undefined for one cluster, not 0', () => {
    expect(clusterRobustSe(meanInfluence([0, 1, 1]).influence, new Int32Array(3))).toBeNull();
    expect(clusterRobustSe(meanInfluence([1]).influence, apart(1))).toBeNull();
  });

  it('is 0 exactly when all values are equal, if samples are independent; the order of rows does not matter', () => {
    const values = fc.array(fc.constantFrom(-1, -2 / 3, -1 / 3, 0, 1 / 3, 0.1), { minLength: 2, maxLength: 80 });
    fc.assert(
      fc.property(values, (list) => {
        const se = clusterRobustSe(meanInfluence(list).influence, apart(list.length))?.se ?? -1;
        expect(se === 0).toBe(new Set(list).size === 1);
        const turned = clusterRobustSe(meanInfluence([...list].reverse()).influence, apart(list.length))?.se;
        expect(turned).toBeCloseTo(se, 12);
      }),
    );
  });
});

describe('bootstrapInterval', () => {
  const share = (counts: Int32Array) => (counts[0] ?? 0) / ((counts[0] ?? 0) + (counts[1] ?? 0));

  it('comes out where the binomial distribution says (30 of 100: quantiles of Bin(100, 0.3) are 21 and 39)', () => {
    const interval = bootstrapInterval({ cells: [30, 70], statistic: share, seed: 5 });
    expect(interval?.low).toBeCloseTo(0.21, 2);
    expect(interval?.high).toBeCloseTo(0.39, 2);
    // The standard error of a deviation over 10,000 draws is 0.7 % of it.
    expect((interval?.se ?? 0) / Math.sqrt((0.3 * 0.7) / 100)).toBeCloseTo(1, 1);
  });

  it('is the same under the same seed and another under another', () => {
    const run = (seed: number) => bootstrapInterval({ cells: [3, 17, 40], statistic: (counts) => (counts[0] ?? 0) / 60, seed, draws: 500 });
    expect(run(1)).toEqual(run(1));
    expect(run(1)).not.toEqual(run(2));
  });

  it('always draws n samples', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 12 }), fc.integer(), (cells, seed) => {
        const n = cells.reduce((sum, count) => sum + count, 0);
        const statistic = (counts: Int32Array) => counts.reduce((sum, count) => sum + count, 0);
        expect(bootstrapInterval({ cells, statistic, seed, draws: 20 })).toEqual({ low: n, high: n, se: 0 });
      }),
      { numRuns: 50 },
    );
  });

  it('has no interval when the statistic is often undefined, or there is nothing to draw', () => {
    expect(bootstrapInterval({ cells: [1, 99], statistic: (counts) => (counts[0] === 0 ? null : 1), seed: 1, draws: 500 })).toBeNull();
    expect(bootstrapInterval({ cells: [], statistic: () => 1, seed: 1 })).toBeNull();
  });

  it('takes 10,000 draws of 10,000 samples in 40 cells in less than three seconds of processor time', () => {
    const before = process.cpuUsage();
    const interval = bootstrapInterval({ cells: Array.from({ length: 40 }, () => 250), statistic: share, seed: 1 });
    expect(process.cpuUsage(before).user / 1000).toBeLessThan(3000);
    expect(interval?.low).toBeLessThan(0.5);
  });
});

describe('detectable effects', () => {
  it('3.9 points at 500 pairs of which 10 % differ', () => {
    expect(detectableOnPairs(500, 0.1)).toBeCloseTo(0.0393, 4);
    expect(detectableOnPairs(865, 0.1)).toBeCloseTo(0.03, 4);
  });

  it('never claims to find less than the discordance allows: nothing differed says little', () => {
    expect(detectableOnPairs(100, 0)).toBeCloseTo(0.0728, 4);
    expect(detectableOnPairs(0, 0.1)).toBeNull();
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), fc.double({ min: 0, max: 1, noNaN: true }), (n, discordance) => {
        const found = detectableOnPairs(n, discordance) ?? -1;
        expect(found > 0 && found < 1).toBe(true);
        expect(detectableOnPairs(n * 2, discordance)).toBeLessThan(found);
      }),
    );
  });

  it('is a multiple of the standard error elsewhere, and unknown when nothing varied', () => {
    expect(detectableBySe(0.01)).toBeCloseTo(0.028016, 6);
    expect(detectableBySe(0)).toBeNull();
  });

  it('says how many samples more would decide', () => {
    const look = { n: 500, estimate: 0.01, low: -0.02, high: 0.04, margin: 0.01, detectable: 0.04 };
    expect(samplesToDecide(look)).toBe(1500);
    // The interval is wider than the detectable effect says: it alone needs 4 times the samples.
    expect(samplesToDecide({ ...look, low: -0.03, detectable: 0.01 })).toBe(1500);
    expect(samplesToDecide({ ...look, estimate: -0.01 })).toBeNull();
    expect(samplesToDecide({ ...look, estimate: -0.03, low: -0.07, high: 0, detectable: null })).toBe(625);
  });
});

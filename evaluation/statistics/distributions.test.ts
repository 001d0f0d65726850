import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Z_95, Z_POWER } from './critical-values.ts';
import { incompleteBeta } from './incomplete-beta.ts';
import { logChoose, logGamma } from './log-gamma.ts';
import { quantileSorted } from './quantile.ts';
import { studentCdf, studentQuantile } from './student-t.ts';

describe('logGamma', () => {
  it.each([
    [0.5, Math.log(Math.PI) / 2],
    [1, 0],
    [2, 0],
    [11, Math.log(3_628_800)],
    [0.001, 6.907178885383853],
    [7.3, 7.147892523022249],
    [1e6, 12815504.569147611],
  ])('log Γ(%f)', (x, expected) => {
    expect(Math.abs(logGamma(x) - expected)).toBeLessThan(1e-13 * Math.max(1, Math.abs(expected)));
  });

  it('counts choices', () => {
    expect(Math.exp(logChoose(49, 6))).toBeCloseTo(13_983_816, 4);
  });
});

describe('incompleteBeta', () => {
  it.each([
    [0.3, 2, 5, 0.579825],
    [0.5, 1000, 1000, 0.5],
    [0.2, 0.5, 0.5, 0.2951672353008665],
    [0, 3, 4, 0],
    [1, 3, 4, 1],
  ])('I_%f(%f, %f)', (x, a, b, expected) => {
    expect(incompleteBeta(x, a, b)).toBeCloseTo(expected, 12);
  });

  it('rises with x and mirrors', () => {
    const positive = fc.double({ min: 0.1, max: 200, noNaN: true });
    fc.assert(
      fc.property(fc.double({ min: 0.001, max: 0.999, noNaN: true }), positive, positive, (x, a, b) => {
        expect(incompleteBeta(x, a, b)).toBeCloseTo(1 - incompleteBeta(1 - x, b, a), 10);
        expect(incompleteBeta(x, a, b)).toBeGreaterThanOrEqual(incompleteBeta(x * 0.9, a, b) - 1e-12);
      }),
    );
  });
});

describe('studentQuantile', () => {
  // NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2 (upper critical values of Student's t, three decimals).
  it.each([
    [1, 3.078, 12.706, 63.657],
    [2, 1.886, 4.303, 9.925],
    [3, 1.638, 3.182, 5.841],
    [5, 1.476, 2.571, 4.032],
    [10, 1.372, 2.228, 3.169],
    [30, 1.31, 2.042, 2.75],
    [100, 1.29, 1.984, 2.626],
  ])('%i degrees of freedom: the tabulated 90, 97.5 and 99.5 %% points', (df, t90, t975, t995) => {
    expect(studentQuantile(0.9, df)).toBeCloseTo(t90, 3);
    expect(studentQuantile(0.975, df)).toBeCloseTo(t975, 3);
    expect(studentQuantile(0.995, df)).toBeCloseTo(t995, 3);
  });

  it('has more digits than a table', () => {
    expect(studentQuantile(0.975, 1)).toBeCloseTo(12.706204736174694, 10);
    expect(studentQuantile(0.8, 2)).toBeCloseTo(1.0606601717798214, 12);
    expect(studentQuantile(0.975, 120)).toBeCloseTo(1.9799304050824402, 12);
  });

  it('nears the normal distribution', () => {
    expect(studentQuantile(0.975, 1e6)).toBeCloseTo(1.959966356814107, 8);
    expect(studentQuantile(0.975, 1e6)).toBeCloseTo(Z_95, 5);
    expect(studentQuantile(0.8, 1e6)).toBeCloseTo(Z_POWER, 5);
  });

  it('undoes the distribution function, and is odd', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.001, max: 0.999, noNaN: true }), fc.integer({ min: 1, max: 2000 }), (p, df) => {
        expect(studentCdf(studentQuantile(p, df), df)).toBeCloseTo(p, 10);
        expect(studentQuantile(1 - p, df)).toBeCloseTo(-studentQuantile(p, df), 8);
      }),
    );
  });
});

describe('quantileSorted', () => {
  it('interpolates as R does by default', () => {
    expect([0, 0.25, 0.5, 1].map((p) => quantileSorted([1, 2, 4, 8], p))).toEqual([1, 1.75, 3, 8]);
    expect(quantileSorted([1, 2, 4, 8], 0.9)).toBeCloseTo(6.8, 12);
    expect(quantileSorted([5], 0.3)).toBe(5);
    expect(quantileSorted([], 0.5)).toBeNaN();
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { calibrate, fitTemperature, logLoss, type ScoredSamples } from './calibration.ts';
import { calibrationError, metricsOf, type Judged } from './metrics.ts';

const judged = (right: boolean, confidence: number): Judged => ({ label: 'a', prediction: right ? 'a' : 'b', confidence });

describe('calibrationError', () => {
  it.each([
    ['nothing', [], 0],
    ['sure and right', [judged(true, 1)], 0],
    ['sure and wrong', [judged(false, 1)], 1],
    ['as sure as right', [judged(true, 0.5), judged(false, 0.5)], 0],
    ['one bin too sure', [judged(true, 0.95), judged(false, 0.95)], 0.45],
    ['two bins do not make up for each other', [judged(true, 0.6), judged(false, 0.4)], 0.4],
    // |0 − 0.3| and |1 − 0.3| would be two bins; together they are |1 − 0.6| / 2.
    ['a border belongs to the upper bin', [judged(true, 0.3), judged(false, 0.3)], 0.2],
  ])('%s', (_name, all, expected) => {
    expect(calibrationError(all)).toBeCloseTo(expected, 12);
  });

  it('lies between 0 and 1', () => {
    const any = fc.record({
      label: fc.constant('a'),
      prediction: fc.constantFrom('a', 'b'),
      confidence: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(any), (all) => {
        expect(calibrationError(all)).toBeGreaterThanOrEqual(0);
        expect(calibrationError(all)).toBeLessThanOrEqual(1);
      }),
    );
  });
});

describe('metricsOf', () => {
  it('counts every label, also those that never came', () => {
    const all = [judged(true, 0.9), judged(false, 0.6), { label: 'unknown', prediction: 'a', confidence: 0.5 }];
    expect(metricsOf(all, ['a', 'b', 'c'])).toMatchObject({
      accuracy: 1 / 3,
      n: 3,
      confusion: {
        a: { a: 1, b: 1, c: 0, unknown: 0 },
        b: { a: 0, b: 0, c: 0, unknown: 0 },
        c: { a: 0, b: 0, c: 0, unknown: 0 },
        unknown: { a: 1, b: 0, c: 0, unknown: 0 },
      },
    });
  });

  it('takes a label named __proto__ as any other', () => {
    const { confusion } = metricsOf([{ label: '__proto__', prediction: 'a', confidence: 1 }], ['a']);
    expect(Object.keys(confusion)).toEqual(['__proto__', 'a']);
    expect(JSON.stringify(confusion)).toContain('"__proto__":{"__proto__":0,"a":1}');
  });
});

describe('fitTemperature', () => {
  // Of 100 samples with the same scores, `right` belong to the first label: the best probability is right / 100.
  const samples = (gap: number, right: number): ScoredSamples => ({
    scores: Array.from({ length: 100 }, () => Float64Array.of(gap, 0)),
    targets: Int32Array.from({ length: 100 }, (_, i) => (i < right ? 0 : 1)),
  });

  it.each([
    [4, 80],
    [0.5, 90],
    [2, 60],
  ])('a gap of %s that is right %s times of 100', (gap, right) => {
    const temperature = fitTemperature(samples(gap, right));
    expect(calibrate(Float64Array.of(gap, 0), temperature)[0]).toBeCloseTo(right / 100, 4);
    expect(temperature).toBeCloseTo(gap / Math.log(right / (100 - right)), 3);
  });

  it('stays within its bounds when all or nothing is right', () => {
    expect(fitTemperature(samples(1, 100))).toBeLessThan(0.2);
    expect(fitTemperature(samples(1, 0))).toBeCloseTo(20, 3);
    expect(fitTemperature({ scores: [], targets: new Int32Array() })).toBe(1);
  });

  it('is nowhere worse than leaving scores alone', () => {
    const score = fc.double({ min: -20, max: 20, noNaN: true });
    fc.assert(
      fc.property(fc.array(fc.tuple(score, score, score, fc.nat(2)), { minLength: 1, maxLength: 50 }), (rows) => {
        const all: ScoredSamples = {
          scores: rows.map(([a, b, c]) => Float64Array.of(a, b, c)),
          targets: Int32Array.from(rows, ([, , , target]) => target),
        };
        expect(logLoss(all, fitTemperature(all))).toBeLessThanOrEqual(logLoss(all, 1) + 1e-6);
      }),
    );
  });
});

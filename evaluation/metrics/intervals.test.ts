import { describe, expect, it } from 'vitest';
import { wilsonInterval } from '../statistics/wilson.ts';
import { classScores } from './class-scores.ts';
import { f1Interval, macroF1Interval, metricInterval } from './intervals.ts';
import type { JudgedResults, VariantResults } from './judged-results.ts';
import { metricStatistics } from './metric-statistics.ts';

/** One variant over labels 0 and 1: 8 + 2 of label 0, 1 + 9 of label 1. */
function data(clusterSize: number | null): { readonly results: JudgedResults; readonly said: VariantResults } {
  const labelOf = Int32Array.from({ length: 20 }, (_, i) => (i < 10 ? 0 : 1));
  const predictions = Int32Array.from({ length: 20 }, (_, i) => (i < 8 ? 0 : i < 10 ? 1 : i < 11 ? 0 : 1));
  const correct = Uint8Array.from(labelOf, (label, i) => (label === predictions[i] ? 1 : 0));
  const said = { predictions, correct, failed: 0 };
  const of = Int32Array.from({ length: 20 }, (_, i) => Math.floor(i / (clusterSize ?? 1)));
  const results: JudgedResults = {
    sampleIds: Array.from({ length: 20 }, (_, i) => `s${i}`),
    repeats: 1,
    names: ['x', 'y'],
    labelCount: 2,
    labelOf,
    clusters: { of, count: 20 / (clusterSize ?? 1) },
    hasClusters: clusterSize !== null,
    variants: [said],
  };
  return { results, said };
}

describe('intervals of one variant', () => {
  it('are Wilson for precision and recall of independent results', () => {
    const { results, said } = data(null);
    const [scores] = classScores(results, said);
    expect(scores).toMatchObject({ precision: 8 / 9, recall: 0.8, support: 10, predicted: 9 });
    expect(scores?.precisionInterval).toEqual(wilsonInterval(8, 9));
    expect(scores?.recallInterval).toEqual(wilsonInterval(8, 10));
    expect(metricInterval(results, said, { kind: 'accuracy' })).toEqual(wilsonInterval(17, 20));
  });

  it('carry F1 over from the Jaccard share (8 of 11)', () => {
    const { results, said } = data(null);
    const jaccard = wilsonInterval(8, 11) ?? { low: 0, high: 0 };
    const interval = f1Interval(results, said, 0);
    expect(interval?.low).toBeCloseTo((2 * jaccard.low) / (1 + jaccard.low), 12);
    expect(metricStatistics(results, said, { kind: 'f1', label: 'x' }).value).toBeCloseTo(16 / 19, 12);
    expect((interval?.low ?? 1) < 16 / 19 && (interval?.high ?? 0) > 16 / 19).toBe(true);
  });

  it('linearise macro F1, with influences that sum to 0', () => {
    const { results, said } = data(null);
    const macro = metricStatistics(results, said, { kind: 'macro-f1' });
    expect(macro.value).toBeCloseTo((16 / 19 + 18 / 21) / 2, 12);
    expect(macro.influence.values.reduce((sum, x) => sum + x, 0)).toBeCloseTo(0, 12);
    const interval = macroF1Interval(results, said);
    expect((interval?.low ?? 1) < (macro.value ?? 0) && (interval?.high ?? 0) > (macro.value ?? 1)).toBe(true);
  });

  it('are wider with clusters, and there are none for one', () => {
    const width = (size: number | null) => {
      const interval = metricInterval(data(size).results, data(size).said, { kind: 'accuracy' });
      return interval === null ? null : interval.high - interval.low;
    };
    expect(width(5) ?? 0).toBeGreaterThan(width(null) ?? 1);
    expect(width(20)).toBeNull();
  });

  it('are null where there is nothing', () => {
    const { results, said } = data(null);
    expect(metricInterval(results, said, { kind: 'recall', label: 'z' })).toBeNull();
    expect(metricStatistics(results, said, { kind: 'recall', label: 'z' }).value).toBeNull();
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JudgedResults, VariantResults } from './judged-results.ts';
import { pairedCells } from './paired-cells.ts';
import { metricStatistics } from './metric-statistics.ts';

const anySaid = fc.integer({ min: -1, max: 3 });
const anyResults = fc.array(fc.tuple(fc.nat(2), anySaid, anySaid), { minLength: 1, maxLength: 60 }).map((rows) => {
  const variant = (said: readonly number[]): VariantResults => ({
    predictions: Int32Array.from(said),
    correct: Uint8Array.from(said, (code, i) => (code === rows[i]?.[0] ? 1 : 0)),
    failed: 0,
  });
  const [a, b] = [variant(rows.map((row) => row[1])), variant(rows.map((row) => row[2]))];
  const present = [...new Set(rows.map((row) => row[0]))].sort((x, y) => x - y);
  const code = new Map(present.map((label, number) => [label, number]));
  const recode = (said: VariantResults): VariantResults => ({
    ...said,
    // Predictions of absent labels become names after the labels.
    predictions: said.predictions.map((prediction) => (prediction < 0 ? -1 : (code.get(prediction) ?? present.length + prediction))),
  });
  const results: JudgedResults = {
    sampleIds: rows.map((_, i) => `s${i}`),
    repeats: 1,
    names: ['l0', 'l1', 'l2', 'o0', 'o1', 'o2', 'o3'],
    labelCount: present.length,
    labelOf: Int32Array.from(rows, (row) => code.get(row[0]) ?? 0),
    clusters: { of: Int32Array.from(rows, (_, i) => i), count: rows.length },
    hasClusters: false,
    variants: [recode(a), recode(b)],
  };
  return { results, a: recode(a), b: recode(b) };
});

describe('pairedCells', () => {
  it.each([
    { kind: 'recall', label: 'l0' },
    { kind: 'precision', label: 'l0' },
    { kind: 'f1', label: 'l0' },
    { kind: 'macro-f1' },
  ] as const)('gives for the samples themselves the difference of the metric: $kind', (metric) => {
    fc.assert(
      fc.property(anyResults, ({ results, a, b }) => {
        const { cells, difference } = pairedCells(results, { a, b }, metric);
        expect(cells.reduce((sum, count) => sum + count, 0)).toBe(results.sampleIds.length);
        const [ofA, ofB] = [metricStatistics(results, a, metric).value, metricStatistics(results, b, metric).value];
        const here = difference(Int32Array.from(cells));
        if (ofA === null || ofB === null) expect(here).toBeNull();
        else expect(here).toBeCloseTo(ofB - ofA, 12);
      }),
    );
  });
});

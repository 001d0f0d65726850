import { describe, expect, it } from 'vitest';
import { fitSoftmax, scoreRow, toProbabilities } from './softmax-regression.ts';
import type { SparseRows } from './sparse-rows.ts';

/** Rows with the value 1 in the given columns. */
function rowsOf(columns: readonly (readonly number[])[]): SparseRows {
  const starts = columns.reduce<number[]>((all, row) => [...all, (all.at(-1) ?? 0) + row.length], [0]);
  const flat = columns.flat();
  return { starts: Int32Array.from(starts), columns: Int32Array.from(flat), values: new Float32Array(flat.length).fill(1) };
}

const probabilities = (scores: Float64Array): readonly number[] => {
  toProbabilities(scores);
  return Array.from(scores);
};

describe('fitSoftmax', () => {
  it('without features learns how frequent the labels are', () => {
    const rows = rowsOf([[], [], [], [], []]);
    const model = fitSoftmax(rows, Int32Array.of(0, 0, 0, 1, 2), { labels: 3, columns: 1, penalty: 0.01 });
    const [a, b, c] = probabilities(scoreRow(model, rows, 0));
    expect([a, b, c].map((p) => Math.round((p ?? 0) * 100))).toEqual([60, 20, 20]);
  });

  it('tells apart what can be told apart', () => {
    const rows = rowsOf([[0], [0], [1], [1], [2], [2], [0, 3], [1, 3], [2, 3]]);
    const targets = Int32Array.of(0, 0, 1, 1, 2, 2, 0, 1, 2);
    const model = fitSoftmax(rows, targets, { labels: 3, columns: 4, penalty: 1e-3 });
    const predicted = Array.from(targets, (_, row) => {
      const p = probabilities(scoreRow(model, rows, row));
      return p.indexOf(Math.max(...p));
    });
    expect(predicted).toEqual(Array.from(targets));
  });

  it('treats no label as special, though the last one is written as zero', () => {
    const rows = rowsOf([[0], [0, 1], [1], [1, 2], [2], [2, 0]]);
    const targets = [0, 0, 1, 1, 2, 2];
    const options = { labels: 3, columns: 3, penalty: 0.05 };
    const straight = fitSoftmax(rows, Int32Array.from(targets), options);
    const turned = fitSoftmax(
      rows,
      Int32Array.from(targets, (target) => 2 - target),
      options,
    );
    for (const row of targets.keys()) {
      const expected = probabilities(scoreRow(straight, rows, row));
      const seen = probabilities(scoreRow(turned, rows, row)).toReversed();
      seen.forEach((p, k) => expect(p).toBeCloseTo(expected[k] ?? NaN, 2));
    }
  });

  it('a stronger penalty makes it less sure', () => {
    const rows = rowsOf([[0], [0], [1], [1]]);
    const targets = Int32Array.of(0, 0, 1, 1);
    const sure = [1, 0.1, 0.01, 0.001].map(
      (penalty) => probabilities(scoreRow(fitSoftmax(rows, targets, { labels: 2, columns: 2, penalty }), rows, 0))[0],
    );
    expect(sure).toEqual(sure.toSorted((a, b) => (a ?? 0) - (b ?? 0)));
    expect(sure[0]).toBeLessThan(0.65);
    expect(sure.at(-1)).toBeGreaterThan(0.95);
  });
});

it.each([
  [
    [0, 0],
    [0.5, 0.5],
  ],
  [
    [1000, 0],
    [1, 0],
  ],
  [
    [-1000, -1000],
    [0.5, 0.5],
  ],
])('toProbabilities(%j)', (scores, expected) => {
  expect(probabilities(Float64Array.from(scores))).toEqual(expected);
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { calibrate } from './calibration.ts';
import { fitLabels, scoreRow } from './linear-model.ts';
import { fitLogistic } from './logistic-regression.ts';
import type { SparseRows } from './sparse-rows.ts';

/** Rows with the value 1 in the given columns. */
function rowsOf(columns: readonly (readonly number[])[]): SparseRows {
  const starts = columns.reduce<number[]>((all, row) => [...all, (all.at(-1) ?? 0) + row.length], [0]);
  const flat = columns.flat();
  return { starts: Int32Array.from(starts), columns: Int32Array.from(flat), values: new Float32Array(flat.length).fill(1) };
}

/** ½ |w|² + C Σ ln(1 + exp(−sign × score)), and its slope in each weight. */
function objective(columns: readonly (readonly number[])[], signs: readonly number[], weights: Float64Array, looseness: number) {
  const bias = weights.length - 1;
  const slopes = weights.slice();
  let loss = weights.reduce((sum, weight) => sum + weight * weight, 0) / 2;
  columns.forEach((row, i) => {
    const sign = signs[i] ?? 0;
    const score = sign * [...row, bias].reduce((sum, column) => sum + (weights[column] ?? 0), 0);
    loss += looseness * Math.log1p(Math.exp(-score));
    for (const column of [...row, bias]) slopes[column] = (slopes[column] ?? 0) - (looseness * sign) / (1 + Math.exp(score));
  });
  return { loss, slopes };
}

describe('fitLogistic', () => {
  const problem = fc
    .array(fc.tuple(fc.uniqueArray(fc.nat(4), { maxLength: 4 }), fc.boolean()), { minLength: 1, maxLength: 25 })
    .map((pairs) => ({ columns: pairs.map(([row]) => row), signs: pairs.map(([, positive]) => (positive ? 1 : -1)) }));

  it('finds the point where no weight wants to move', () => {
    fc.assert(
      fc.property(problem, fc.constantFrom(0.1, 1, 10), ({ columns, signs }, looseness) => {
        const { weights } = fitLogistic({ rows: rowsOf(columns), signs: Int8Array.from(signs), columns: 5 }, { looseness, seed: 1 });
        const { slopes } = objective(columns, signs, weights, looseness);
        // Within the tolerance: two hundredths of the log odds of every row.
        for (const slope of slopes) expect(Math.abs(slope)).toBeLessThan(0.01 * looseness * signs.length + 1e-6);
      }),
    );
  });

  it('comes to the same point from anywhere, in any order of rows', () => {
    fc.assert(
      fc.property(problem, fc.integer(), ({ columns, signs }, seed) => {
        const given = { rows: rowsOf(columns), signs: Int8Array.from(signs), columns: 5 };
        const cold = fitLogistic(given, { looseness: 4, seed: 1 });
        const warm = fitLogistic(given, { looseness: 4, seed, from: fitLogistic(given, { looseness: 0.5, seed }) });
        const losses = [cold, warm].map(({ weights }) => objective(columns, signs, weights, 4).loss);
        expect(Math.abs((losses[0] ?? 0) - (losses[1] ?? 0))).toBeLessThan(0.002 * Math.max(...losses) + 1e-6);
      }),
    );
  });
});

describe('fitLabels', () => {
  const fit = (columns: readonly (readonly number[])[], targets: readonly number[], looseness = 100) =>
    fitLabels(rowsOf(columns), Int32Array.from(targets), {
      labels: new Set(targets).size,
      columns: 4,
      looseness,
      seed: 1,
      from: undefined,
    });

  it.each([
    [
      [[0], [0], [1], [1], [0, 3], [1, 3]],
      [0, 0, 1, 1, 0, 1],
    ],
    [
      [[0], [0], [1], [1], [2], [2], [0, 3], [1, 3], [2, 3]],
      [0, 0, 1, 1, 2, 2, 0, 1, 2],
    ],
  ])('tells apart what can be told apart (%#)', (columns, targets) => {
    const model = fit(columns, targets);
    const predicted = targets.map((_, row) => {
      const scores = scoreRow(model, rowsOf(columns), row);
      return scores.indexOf(Math.max(...scores));
    });
    expect(predicted).toEqual(targets);
  });

  it.each([
    [
      [0, 0, 0, 1],
      [75, 25],
    ],
    [
      [0, 0, 0, 1, 1, 2],
      [50, 33, 17],
    ],
  ])('without features learns how frequent the labels are: %j', (targets, percent) => {
    const model = fit(
      targets.map(() => []),
      targets,
    );
    const probabilities = Array.from(calibrate(scoreRow(model, rowsOf([[]]), 0), 1));
    // One against the rest is not exactly the softmax of the shares for three labels, but near.
    probabilities.forEach((p, k) => expect(Math.abs(p * 100 - (percent[k] ?? 0))).toBeLessThan(10));
  });

  it('treats no label as special, though the last one is written as zero', () => {
    const columns = [[0], [0, 1], [1], [1, 2], [2], [2, 0]];
    const targets = [0, 0, 1, 1, 2, 2];
    const straight = fit(columns, targets, 2);
    const turned = fit(
      columns,
      targets.map((target) => 2 - target),
      2,
    );
    for (const row of targets.keys()) {
      const expected = calibrate(scoreRow(straight, rowsOf(columns), row), 1);
      const seen = calibrate(scoreRow(turned, rowsOf(columns), row), 1).toReversed();
      seen.forEach((p, k) => expect(p).toBeCloseTo(expected[k] ?? NaN, 2));
    }
  });

  it('a stronger penalty makes it less sure', () => {
    const columns = [[0], [0], [1], [1]];
    const sure = [0.1, 1, 10, 100].map(
      (looseness) => calibrate(scoreRow(fit(columns, [0, 0, 1, 1], looseness), rowsOf(columns), 0), 1)[0] ?? 0,
    );
    expect(sure).toEqual(sure.toSorted((a, b) => a - b));
    expect([(sure[0] ?? 1) < 0.6, (sure.at(-1) ?? 0) > 0.95]).toEqual([true, true]);
  });
});

it.each([
  [[0, 0], 1, [0.5, 0.5]],
  [[1000, 0], 1, [1, 0]],
  [[-1000, -1000], 1, [0.5, 0.5]],
  [[Math.log(9), 0], 2, [0.75, 0.25]],
])('calibrate(%j, %s)', (scores, temperature, expected) => {
  calibrate(Float64Array.from(scores), temperature).forEach((p, k) => expect(p).toBeCloseTo(expected[k] ?? NaN, 12));
});

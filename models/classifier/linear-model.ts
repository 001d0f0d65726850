import { fitLogistic, type BinaryModel } from './logistic-regression.ts';
import type { SparseRows } from './sparse-rows.ts';

/**
 * A score for each label. Only differences between scores matter, so the last label's is 0 for every text and the others have
 * `labels − 1` weights per column: `weights[column × (labels − 1) + k]`; after the columns come the biases.
 */
export type LinearModel = {
  readonly labels: number;
  readonly columns: number;
  readonly weights: Float64Array;
  /** What the scores were made of, to start another fit from. */
  readonly parts: readonly BinaryModel[];
};

export type FitOptions = {
  readonly labels: number;
  readonly columns: number;
  /** C of logistic regression: the higher, the closer to the training rows. */
  readonly looseness: number;
  readonly seed: number;
  /** A model of the same rows with another looseness. */
  readonly from: LinearModel | undefined;
};

/** One logistic regression per label against all others; for two labels a single one. `targets[i]` is the index of row i's label. */
export function fitLabels(rows: SparseRows, targets: Int32Array, { labels, columns, looseness, seed, from }: FitOptions): LinearModel {
  const parts = Array.from({ length: labels === 2 ? 1 : labels }, (_, label) => {
    const signs = Int8Array.from(targets, (target) => (target === label ? 1 : -1));
    const start = from?.parts[label];
    return fitLogistic({ rows, signs, columns }, { looseness, seed, ...(start === undefined ? {} : { from: start }) });
  });
  return { labels, columns, weights: relativeWeights(parts, labels, columns), parts };
}

function relativeWeights(parts: readonly BinaryModel[], labels: number, columns: number): Float64Array {
  const relative = labels - 1;
  const last = labels === 2 ? undefined : parts[relative]?.weights;
  const weights = new Float64Array((columns + 1) * relative);
  for (let k = 0; k < relative; k++) {
    const own = parts[k]?.weights;
    for (let column = 0; column <= columns; column++) weights[column * relative + k] = (own?.[column] ?? 0) - (last?.[column] ?? 0);
  }
  return weights;
}

/** Scores of one row, by label. */
export function scoreRow(
  { labels, columns, weights }: LinearModel,
  { starts, columns: places, values }: SparseRows,
  row: number,
): Float64Array {
  const relative = labels - 1;
  const scores = new Float64Array(labels);
  for (let k = 0; k < relative; k++) {
    let score = weights[columns * relative + k] ?? 0;
    for (let at = starts[row] ?? 0; at < (starts[row + 1] ?? 0); at++) {
      score += (values[at] ?? 0) * (weights[(places[at] ?? 0) * relative + k] ?? 0);
    }
    scores[k] = score;
  }
  return scores;
}

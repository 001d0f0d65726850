import { exactExp, exactLn } from './exact-math.ts';
import { minimize, type Objective } from './minimize.ts';
import type { SparseRows } from './sparse-rows.ts';

/** A linear model: the score of label k is `weights[column × labels + k]` summed over a row, plus the bias `weights[columns × labels + k]`. */
export type LinearModel = { readonly labels: number; readonly columns: number; readonly weights: Float64Array };

export type FitOptions = {
  readonly labels: number;
  readonly columns: number;
  /** Strength of the L2 penalty: (penalty / 2) × Σ weight², biases left out, beside the mean log loss. */
  readonly penalty: number;
  /** Where to begin: a model of the same size. Default: zeros. */
  readonly from?: LinearModel;
};

const TOLERANCE = 3e-3;
const MAX_ITERATIONS = 100;

/** Multinomial logistic regression with an L2 penalty. `targets[i]` is the index of row i's label. */
export function fitSoftmax(rows: SparseRows, targets: Int32Array, options: FitOptions): LinearModel {
  const { labels, columns, penalty, from } = options;
  const weights = from === undefined ? new Float64Array((columns + 1) * labels) : from.weights.slice();
  minimize(penalisedLoss(rows, targets, { labels, columns, penalty }), weights, { tolerance: TOLERANCE, maxIterations: MAX_ITERATIONS });
  return { labels, columns, weights };
}

function penalisedLoss(rows: SparseRows, targets: Int32Array, { labels, columns, penalty }: Omit<FitOptions, 'from'>): Objective {
  const { starts, columns: cols, values } = rows;
  const n = targets.length;
  const scores = new Float64Array(labels);
  const biasAt = columns * labels;
  return (weights, gradient) => {
    let squares = 0;
    for (let i = 0; i < biasAt; i++) {
      const weight = weights[i] ?? 0;
      squares += weight * weight;
      gradient[i] = penalty * weight;
    }
    gradient.fill(0, biasAt);
    let loss = 0;
    for (let row = 0; row < n; row++) {
      const start = starts[row] ?? 0;
      const end = starts[row + 1] ?? 0;
      for (let k = 0; k < labels; k++) scores[k] = weights[biasAt + k] ?? 0;
      for (let at = start; at < end; at++) {
        const base = (cols[at] ?? 0) * labels;
        const value = values[at] ?? 0;
        for (let k = 0; k < labels; k++) scores[k] = (scores[k] ?? 0) + value * (weights[base + k] ?? 0);
      }
      loss += toErrors(scores, targets[row] ?? 0);
      for (let k = 0; k < labels; k++) {
        scores[k] = (scores[k] ?? 0) / n;
        gradient[biasAt + k] = (gradient[biasAt + k] ?? 0) + (scores[k] ?? 0);
      }
      for (let at = start; at < end; at++) {
        const base = (cols[at] ?? 0) * labels;
        const value = values[at] ?? 0;
        for (let k = 0; k < labels; k++) gradient[base + k] = (gradient[base + k] ?? 0) + value * (scores[k] ?? 0);
      }
    }
    return loss / n + (penalty / 2) * squares;
  };
}

/** Changes scores to probabilities minus the truth, in place, and returns the log loss. */
function toErrors(scores: Float64Array, target: number): number {
  toProbabilities(scores);
  const loss = -exactLn(Math.max(scores[target] ?? 0, 1e-300));
  scores[target] = (scores[target] ?? 0) - 1;
  return loss;
}

/** Softmax in place. */
export function toProbabilities(scores: Float64Array): void {
  let highest = -Infinity;
  for (const score of scores) highest = Math.max(highest, score);
  let sum = 0;
  for (let k = 0; k < scores.length; k++) {
    const term = exactExp((scores[k] ?? 0) - highest);
    scores[k] = term;
    sum += term;
  }
  for (let k = 0; k < scores.length; k++) scores[k] = (scores[k] ?? 0) / sum;
}

/** Scores of one row, by label. */
export function scoreRow(model: LinearModel, rows: SparseRows, row: number): Float64Array {
  const { labels, columns, weights } = model;
  const scores = weights.slice(columns * labels);
  for (let at = rows.starts[row] ?? 0; at < (rows.starts[row + 1] ?? 0); at++) {
    const base = (rows.columns[at] ?? 0) * labels;
    const value = rows.values[at] ?? 0;
    for (let k = 0; k < labels; k++) scores[k] = (scores[k] ?? 0) + value * (weights[base + k] ?? 0);
  }
  return scores;
}

import { exactExp, exactLn } from './exact-math.ts';
import { minimize, type Objective } from './minimize.ts';
import type { SparseRows } from './sparse-rows.ts';

/**
 * A linear model of `labels` classes. Only differences between scores matter, so the last label's score is 0 for every text and the
 * others have `labels − 1` weights per column: `weights[column × (labels − 1) + k]`; after the columns come the biases.
 */
export type LinearModel = { readonly labels: number; readonly columns: number; readonly weights: Float64Array };

export type FitOptions = {
  readonly labels: number;
  readonly columns: number;
  /** Strength of the L2 penalty, beside the mean log loss; biases are free. */
  readonly penalty: number;
  /** Where to begin: a model of the same size. Default: zeros. */
  readonly from?: LinearModel;
};

const TOLERANCE = 3e-3;
const MAX_ITERATIONS = 100;

/** Multinomial logistic regression with an L2 penalty. `targets[i]` is the index of row i's label. */
export function fitSoftmax(rows: SparseRows, targets: Int32Array, options: FitOptions): LinearModel {
  const { labels, columns, from } = options;
  const weights = from === undefined ? new Float64Array((columns + 1) * (labels - 1)) : from.weights.slice();
  const lossOfRows = meanLogLoss(rows, targets, options);
  const objective: Objective = (x, gradient) => addPenalty(x, gradient, options) + lossOfRows(x, gradient);
  minimize(objective, weights, { tolerance: TOLERANCE, maxIterations: MAX_ITERATIONS });
  return { labels, columns, weights };
}

/**
 * Sets the gradient to the penalty's and returns the penalty: that of the model in which each label has weights of its own, which
 * at the best point add up to zero. So no label is special though one is written as zero.
 */
function addPenalty(weights: Float64Array, gradient: Float64Array, { labels, columns, penalty }: FitOptions): number {
  const relative = labels - 1;
  let squares = 0;
  for (let base = 0; base < columns * relative; base += relative) {
    let sum = 0;
    for (let k = base; k < base + relative; k++) sum += weights[k] ?? 0;
    const mean = sum / labels;
    squares += mean * mean;
    for (let k = base; k < base + relative; k++) {
      const centred = (weights[k] ?? 0) - mean;
      squares += centred * centred;
      gradient[k] = penalty * centred;
    }
  }
  gradient.fill(0, columns * relative);
  return (penalty / 2) * squares;
}

/** Mean log loss of all rows; adds its gradient to what is there. */
function meanLogLoss(rows: SparseRows, targets: Int32Array, { labels, columns }: FitOptions): Objective {
  const relative = labels - 1;
  const biasAt = columns * relative;
  const scores = new Float64Array(labels);
  return (weights, gradient) => {
    let loss = 0;
    for (let row = 0; row < targets.length; row++) {
      scoreInto(scores, weights, { rows, row, biasAt });
      loss += toErrors(scores, targets[row] ?? 0, targets.length);
      const end = rows.starts[row + 1] ?? 0;
      for (let k = 0; k < relative; k++) {
        const error = scores[k] ?? 0;
        gradient[biasAt + k] = (gradient[biasAt + k] ?? 0) + error;
        for (let at = rows.starts[row] ?? 0; at < end; at++) {
          const index = (rows.columns[at] ?? 0) * relative + k;
          gradient[index] = (gradient[index] ?? 0) + (rows.values[at] ?? 0) * error;
        }
      }
    }
    return loss / targets.length;
  };
}

type RowPlace = { readonly rows: SparseRows; readonly row: number; readonly biasAt: number };

function scoreInto(scores: Float64Array, weights: Float64Array, { rows, row, biasAt }: RowPlace): void {
  const relative = scores.length - 1;
  const { starts, columns, values } = rows;
  const end = starts[row + 1] ?? 0;
  for (let k = 0; k < relative; k++) {
    let score = weights[biasAt + k] ?? 0;
    for (let at = starts[row] ?? 0; at < end; at++) score += (values[at] ?? 0) * (weights[(columns[at] ?? 0) * relative + k] ?? 0);
    scores[k] = score;
  }
  scores[relative] = 0;
}

/** Scores of one row, by label. */
export function scoreRow({ labels, columns, weights }: LinearModel, rows: SparseRows, row: number): Float64Array {
  const scores = new Float64Array(labels);
  scoreInto(scores, weights, { rows, row, biasAt: columns * (labels - 1) });
  return scores;
}

/** Changes scores to (probabilities − truth) / n, in place, and returns the log loss of the row. */
function toErrors(scores: Float64Array, target: number, n: number): number {
  toProbabilities(scores);
  const loss = -exactLn(Math.max(scores[target] ?? 0, 1e-300));
  for (let k = 0; k < scores.length; k++) scores[k] = ((scores[k] ?? 0) - (k === target ? 1 : 0)) / n;
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

import { exactLn } from './exact-math.ts';
import type { SparseRows } from './sparse-rows.ts';

/** What is to be learned: which rows are of the class. */
export type BinaryProblem = {
  readonly rows: SparseRows;
  /** 1 for rows of the class, −1 for the others. */
  readonly signs: Int8Array;
  readonly columns: number;
};

/** A linear score: the bias is the last weight. `duals` are one per row, kept as a start for another looseness. */
export type BinaryModel = { readonly weights: Float64Array; readonly duals: Float64Array; readonly looseness: number };

export type BinaryOptions = {
  /** C of the objective ½ |w|² + C Σ ln(1 + exp(−sign × score)): the higher, the closer to the training rows. */
  readonly looseness: number;
  /** Rows are visited in an order shuffled by it. */
  readonly seed: number;
  /** A model of the same problem with another looseness. */
  readonly from?: BinaryModel;
};

/** Rounds end when no row's log odds are further than this from the optimum's. */
const TOLERANCE = 0.02;
const MAX_ROUNDS = 200;
/** Newton steps for one row; nearly always two or three are enough. */
const MAX_STEPS = 12;

/**
 * Logistic regression with an L2 penalty, by coordinate descent on its dual (Yu, Huang and Lin, Dual coordinate descent methods for
 * logistic regression and maximum entropy models, 2011, algorithm 5). The bias is the weight of a constant 1 and penalised as any.
 */
export function fitLogistic({ rows, signs, columns }: BinaryProblem, { looseness, seed, from }: BinaryOptions): BinaryModel {
  const duals = startingDuals(signs.length, looseness, from);
  const weights = weightsOf(rows, signs, { columns, duals });
  const norms = rowNorms(rows, signs.length);
  const order = Int32Array.from(signs.keys());
  const random = createRandom(seed);
  for (let round = 0; round < MAX_ROUNDS; round++) {
    shuffle(order, random);
    let furthest = 0;
    for (const row of order) {
      const sign = signs[row] ?? 0;
      const score = sign * scoreOf(rows, row, weights);
      const dual = duals[row] ?? 0;
      furthest = Math.max(furthest, Math.abs(logOdds(dual, looseness) + score));
      const next = bestDual(dual, { score, norm: norms[row] ?? 1, looseness });
      addRow(rows, row, { weights, factor: sign * (next - dual) });
      duals[row] = next;
    }
    if (furthest < TOLERANCE) break;
  }
  return { weights, duals, looseness };
}

/** ln(a / (C − a)). */
const logOdds = (dual: number, looseness: number): number => exactLn(dual) - exactLn(looseness - dual);

/** A dual variable lies strictly between 0 and C. */
const clamp = (dual: number, looseness: number): number => Math.min(Math.max(dual, looseness * 1e-10), looseness * (1 - 1e-10));

function startingDuals(n: number, looseness: number, from: BinaryModel | undefined): Float64Array {
  if (from === undefined) return new Float64Array(n).fill(Math.min(0.001 * looseness, 1e-8));
  return from.duals.map((dual) => clamp((dual / from.looseness) * looseness, looseness));
}

/**
 * The best value z of one dual variable while the others stay: the root of ln(z / (C − z)) + norm (z − a) + score, by Newton's
 * method. Where a step would leave (0, C), it goes a tenth of the way to the border instead.
 */
function bestDual(
  dual: number,
  { score, norm, looseness }: { readonly score: number; readonly norm: number; readonly looseness: number },
): number {
  let z = dual;
  for (let step = 0; step < MAX_STEPS; step++) {
    const slope = logOdds(z, looseness) + norm * (z - dual) + score;
    if (Math.abs(slope) < 1e-3 * TOLERANCE) break;
    const curvature = looseness / (z * (looseness - z)) + norm;
    const next = z - slope / curvature;
    z = next <= 0 ? z / 10 : next >= looseness ? looseness - (looseness - z) / 10 : next;
  }
  return clamp(z, looseness);
}

function weightsOf(
  rows: SparseRows,
  signs: Int8Array,
  { columns, duals }: { readonly columns: number; readonly duals: Float64Array },
): Float64Array {
  const weights = new Float64Array(columns + 1);
  signs.forEach((sign, row) => addRow(rows, row, { weights, factor: sign * (duals[row] ?? 0) }));
  return weights;
}

function addRow(
  { starts, columns, values }: SparseRows,
  row: number,
  { weights, factor }: { readonly weights: Float64Array; readonly factor: number },
): void {
  const end = starts[row + 1] ?? 0;
  for (let at = starts[row] ?? 0; at < end; at++) {
    const column = columns[at] ?? 0;
    weights[column] = (weights[column] ?? 0) + factor * (values[at] ?? 0);
  }
  weights[weights.length - 1] = (weights[weights.length - 1] ?? 0) + factor;
}

/** The score of a row: weights times values, and the bias. */
function scoreOf({ starts, columns, values }: SparseRows, row: number, weights: Float64Array): number {
  const end = starts[row + 1] ?? 0;
  let score = weights[weights.length - 1] ?? 0;
  for (let at = starts[row] ?? 0; at < end; at++) score += (values[at] ?? 0) * (weights[columns[at] ?? 0] ?? 0);
  return score;
}

function rowNorms({ starts, values }: SparseRows, n: number): Float64Array {
  return new Float64Array(n).map((_, row) => {
    let norm = 1;
    for (let at = starts[row] ?? 0; at < (starts[row + 1] ?? 0); at++) norm += (values[at] ?? 0) * (values[at] ?? 0);
    return norm;
  });
}

/** Fisher and Yates. */
function shuffle(order: Int32Array, random: (below: number) => number): void {
  for (let i = order.length - 1; i > 0; i--) {
    const j = random(i + 1);
    [order[i], order[j]] = [order[j] ?? 0, order[i] ?? 0];
  }
}

/** Whole numbers below a bound from a 32-bit generator (Steele and Vigna's SplitMix, with the finalizer of MurmurHash3). */
function createRandom(seed: number): (below: number) => number {
  let state = seed | 0;
  return (below) => {
    state = (state + 0x9e3779b9) | 0;
    let z = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return Math.floor((((z ^ (z >>> 16)) >>> 0) / 2 ** 32) * below);
  };
}

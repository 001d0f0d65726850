import { exactExp, exactLn } from './exact-math.ts';

/** Scores of samples by label, with the index of the true one. */
export type ScoredSamples = { readonly scores: readonly Float64Array[]; readonly targets: Int32Array };

const COLDEST = 0.02;
const HOTTEST = 20;
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/** Probabilities (softmax) of scores divided by a temperature: above 1 they become less sure, below 1 surer. */
export function calibrate(scores: Float64Array, temperature: number): Float64Array {
  const highest = scores.reduce((a, b) => Math.max(a, b), -Infinity);
  const terms = scores.map((score) => exactExp((score - highest) / temperature));
  const sum = terms.reduce((a, b) => a + b, 0);
  return terms.map((term) => term / sum);
}

/** Mean of −ln p(true label), with probabilities no smaller than 1e-12. */
export function logLoss({ scores, targets }: ScoredSamples, temperature: number): number {
  let sum = 0;
  scores.forEach((row, i) => (sum -= exactLn(Math.max(calibrate(row, temperature)[targets[i] ?? 0] ?? 0, 1e-12))));
  return scores.length === 0 ? 0 : sum / scores.length;
}

/**
 * The temperature with the least log loss (Guo et al., On Calibration of Modern Neural Networks, 2017), between 0.02 and 20.
 * The loss has one minimum in 1/T; it is found by golden-section search over ln T. 1 for no samples.
 */
export function fitTemperature(samples: ScoredSamples): number {
  if (samples.scores.length === 0) return 1;
  const lossAt = (logT: number): number => logLoss(samples, exactExp(logT));
  let low = exactLn(COLDEST);
  let high = exactLn(HOTTEST);
  let left = high - GOLDEN * (high - low);
  let right = low + GOLDEN * (high - low);
  let leftLoss = lossAt(left);
  let rightLoss = lossAt(right);
  for (let i = 0; i < 40; i++) {
    if (leftLoss <= rightLoss) {
      [high, right, rightLoss] = [right, left, leftLoss];
      left = high - GOLDEN * (high - low);
      leftLoss = lossAt(left);
    } else {
      [low, left, leftLoss] = [left, right, rightLoss];
      right = low + GOLDEN * (high - low);
      rightLoss = lossAt(right);
    }
  }
  return exactExp((low + high) / 2);
}

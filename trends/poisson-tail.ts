/**
 * log k! for whole k: a sum of logarithms up to 20, above Stirling's series (https://dlmf.nist.gov/5.11#E1), whose first left-out term
 * is below 1e-15 there.
 */
function logFactorial(k: number): number {
  if (k <= 20) {
    let sum = 0;
    for (let i = 2; i <= k; i++) sum += Math.log(i);
    return sum;
  }
  const x = k + 1;
  const square = x * x;
  const series = (1 / 12 - (1 / 360 - (1 / 1260 - 1 / 1680 / square) / square) / square) / x;
  return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + series;
}

/** Terms this much smaller than the sum add nothing to it. */
const NEGLIGIBLE = 1e-17;

/**
 * log P(X ≥ k) of a Poisson variable with mean `rate`; −∞ for what cannot be. The largest term of the tail is taken in log space and the
 * others as ratios to it, all of them positive, so that nothing cancels and nothing underflows. Where the tail is most of the distribution
 * it is one minus the rest. k is a whole number; `rate` ≥ 0.
 */
export function logPoissonTail(k: number, rate: number): number {
  if (k <= 0) return 0;
  if (rate === 0) return -Infinity;
  if (k > rate) return logTerm(k, rate) + Math.log(sumOfRatios((i) => rate / (k + i)));
  const below = Math.exp(logTerm(k - 1, rate)) * sumOfRatios((i) => Math.max(0, (k - i) / rate));
  return Math.log1p(-Math.min(1, below));
}

export const poissonTail = (k: number, rate: number): number => Math.exp(logPoissonTail(k, rate));

const logTerm = (k: number, rate: number): number => k * Math.log(rate) - rate - logFactorial(k);

/** 1 + r(1) + r(1)·r(2) + …, for ratios that fall towards 0. */
function sumOfRatios(ratio: (i: number) => number): number {
  let sum = 1;
  let term = 1;
  for (let i = 1; term > sum * NEGLIGIBLE; i++) {
    term *= ratio(i);
    sum += term;
  }
  return sum;
}

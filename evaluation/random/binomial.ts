import { uniform, type Random } from './seeded-random.ts';

/** How many of `n` tries succeed, each with probability `p`. */
export function binomial(random: Random, n: number, p: number): number {
  if (n <= 0 || p <= 0) return 0;
  if (p >= 1) return n;
  if (p > 0.5) return n - binomial(random, n, 1 - p);
  return n * p < 10 ? byInversion(random, n, p) : byRejection(random, n, p);
}

// Walks up the distribution function from 0; about n·p steps.
function byInversion(random: Random, n: number, p: number): number {
  const ratio = p / (1 - p);
  const first = Math.exp(n * Math.log1p(-p));
  for (;;) {
    let rest = uniform(random);
    let probability = first;
    for (let k = 0; k <= n; k++) {
      if (rest < probability) return k;
      rest -= probability;
      probability *= ((n - k) / (k + 1)) * ratio;
    }
    // Rounding left a sliver above the last term: draw again.
  }
}

/** Transformed rejection with squeeze: algorithm BTRS of W. Hörmann, J. Stat. Comput. Simul. 46 (1993), for n·p ≥ 10, p ≤ 1/2. */
function byRejection(random: Random, n: number, p: number): number {
  const q = 1 - p;
  const deviation = Math.sqrt(n * p * q);
  const b = 1.15 + 2.53 * deviation;
  const a = -0.0873 + 0.0248 * b + 0.01 * p;
  const centre = n * p + 0.5;
  const squeeze = 0.92 - 4.2 / b;
  const alpha = (2.83 + 5.1 / b) * deviation;
  const mode = Math.floor((n + 1) * p);
  for (;;) {
    const u = uniform(random) - 0.5;
    const v = uniform(random);
    const us = 0.5 - Math.abs(u);
    const k = Math.floor(((2 * a) / us + b) * u + centre);
    if (us >= 0.07 && v <= squeeze) return k;
    if (k < 0 || k > n) continue;
    if (Math.log((v * alpha) / (a / (us * us) + b)) <= logRatio(n, p / q, { mode, k })) return k;
  }
}

/** log of P(X = k) / P(X = mode). */
function logRatio(n: number, odds: number, { mode, k }: { readonly mode: number; readonly k: number }): number {
  return (
    (mode + 0.5) * Math.log((mode + 1) / (odds * (n - mode + 1))) +
    (n + 1) * Math.log((n - mode + 1) / (n - k + 1)) +
    (k + 0.5) * Math.log((odds * (n - k + 1)) / (k + 1)) +
    stirlingRest(mode) +
    stirlingRest(n - mode) -
    stirlingRest(k) -
    stirlingRest(n - k)
  );
}

/** log k! − [½ log 2π + (k + ½) log(k + 1) − (k + 1)]. */
function stirlingRest(k: number): number {
  const small = SMALL_RESTS[k];
  if (small !== undefined) return small;
  const square = (k + 1) * (k + 1);
  return (1 / 12 - (1 / 360 - 1 / 1260 / square) / square) / (k + 1);
}

const SMALL_RESTS: readonly number[] = Array.from({ length: 10 }, (_, k) => {
  let logFactorial = 0;
  for (let i = 2; i <= k; i++) logFactorial += Math.log(i);
  return logFactorial - (0.5 * Math.log(2 * Math.PI) + (k + 0.5) * Math.log(k + 1) - (k + 1));
});

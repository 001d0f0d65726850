import { logChoose } from './log-gamma.ts';

/**
 * Exact conditional McNemar test, two-sided: given the samples on which exactly one of A and B is right, the number on which
 * it is B is binomial with p = 1/2 when both are equally good. Twice the smaller tail, at most 1 (Q. McNemar, Psychometrika 12,
 * 1947; the exact form: F. Mosteller, Biometrics 8, 1952). Not the mid-p variant. No such samples: p = 1.
 */
export function mcnemarExact(onlyA: number, onlyB: number): number {
  const n = onlyA + onlyB;
  const smaller = Math.min(onlyA, onlyB);
  if (n === 0 || 2 * smaller >= n - 1) return 1;
  // From the largest term of the tail downwards, each from the one before, until nothing more is added.
  let term = Math.exp(logChoose(n, smaller) - n * Math.LN2);
  let tail = term;
  for (let k = smaller; k > 0 && term > tail * 1e-17; k--) {
    term *= k / (n - k + 1);
    tail += term;
  }
  return Math.min(1, 2 * tail);
}

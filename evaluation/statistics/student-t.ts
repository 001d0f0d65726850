import { incompleteBeta } from './incomplete-beta.ts';

/** P(T ≤ t) of Student's distribution with `df` > 0 degrees of freedom (DLMF 8.17; Abramowitz and Stegun 26.7.1). */
export function studentCdf(t: number, df: number): number {
  if (t === 0) return 0.5;
  const tail = 0.5 * incompleteBeta(df / (df + t * t), df / 2, 0.5);
  return t > 0 ? 1 - tail : tail;
}

/**
 * The t with P(T ≤ t) = p, for 0 < p < 1. By bisection on the tail, which needs no start and cannot miss: exact to the last
 * few digits.
 */
export function studentQuantile(p: number, df: number): number {
  if (p === 0.5) return 0;
  if (p < 0.5) return -studentQuantile(1 - p, df);
  const tail = 1 - p;
  const upper = (t: number): number => 0.5 * incompleteBeta(df / (df + t * t), df / 2, 0.5);
  let high = 1;
  while (upper(high) > tail) high *= 2;
  let low = 0;
  for (let step = 0; step < 200 && high - low > 1e-15 * high; step++) {
    const middle = (low + high) / 2;
    if (upper(middle) > tail) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

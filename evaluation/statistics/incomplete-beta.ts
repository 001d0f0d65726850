import { logGamma } from './log-gamma.ts';

/**
 * Regularised incomplete beta function I_x(a, b), 0 ≤ x ≤ 1, a, b > 0: the continued fraction DLMF 8.17.22, evaluated by
 * W. Lentz's method (Applied Optics 15, 1976), on the side of the symmetry 8.17.4 where it converges fast.
 */
export function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front = Math.exp(a * Math.log(x) + b * Math.log1p(-x) + logGamma(a + b) - logGamma(a) - logGamma(b)) / a;
  return front / continuedFraction(x, a, b);
}

const TINY = 1e-300;
const MAX_STEPS = 10_000;

function continuedFraction(x: number, a: number, b: number): number {
  let value = 1;
  let numerator = 1;
  let denominator = 0;
  for (let step = 1; step <= MAX_STEPS; step++) {
    const d = coefficient(step, { x, a, b });
    denominator = 1 / away(1 + d * denominator);
    numerator = away(1 + d / numerator);
    const change = numerator * denominator;
    value *= change;
    if (Math.abs(change - 1) < 1e-16) break;
  }
  return value;
}

const away = (x: number): number => (Math.abs(x) < TINY ? TINY : x);

/** d₁, d₂, … of DLMF 8.17.22. */
function coefficient(step: number, { x, a, b }: { readonly x: number; readonly a: number; readonly b: number }): number {
  const m = Math.floor(step / 2);
  return step % 2 === 0
    ? (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
    : (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
}

import type { Interval } from '../../schemas/core.ts';
import { Z_95 } from './critical-values.ts';

/**
 * Score interval of a proportion, 95 % (E. B. Wilson, JASA 22, 1927). Needs no correction at 0 and 1 and never leaves [0, 1].
 * `n` may be an effective number of samples that is not whole. Null when n is 0.
 */
export function wilsonInterval(successes: number, n: number): Interval | null {
  if (n <= 0) return null;
  const p = successes / n;
  const square = (Z_95 * Z_95) / n;
  const centre = (p + square / 2) / (1 + square);
  const half = (Z_95 * Math.sqrt((p * (1 - p)) / n + square / (4 * n))) / (1 + square);
  // At the ends the limit equals p exactly; rounding must not put it a hair beside.
  return { low: successes === 0 ? 0 : Math.max(0, centre - half), high: successes === n ? 1 : Math.min(1, centre + half) };
}

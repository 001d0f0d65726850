import { wilsonInterval } from './wilson.ts';

/** Pairs by whether A and B are right. */
export type PairedCounts = { readonly bothRight: number; readonly onlyA: number; readonly onlyB: number; readonly bothWrong: number };

/**
 * 95 % interval of the difference B − A of two proportions on the same samples: method 10 of R. G. Newcombe, Statistics in
 * Medicine 17 (1998) 2635–2650. Squares and adds the Wilson limits of both, less what their correlation φ explains; a
 * positive φ is corrected for continuity. Null without samples.
 */
export function newcombePaired(pairs: PairedCounts): { readonly estimate: number; readonly low: number; readonly high: number } | null {
  const { bothRight, onlyA, onlyB, bothWrong } = pairs;
  const n = bothRight + onlyA + onlyB + bothWrong;
  const rightA = bothRight + onlyA;
  const rightB = bothRight + onlyB;
  const a = wilsonInterval(rightA, n);
  const b = wilsonInterval(rightB, n);
  if (a === null || b === null) return null;
  const phi = correlation(pairs, n);
  const [pA, pB] = [rightA / n, rightB / n];
  const estimate = (onlyB - onlyA) / n;
  return {
    estimate,
    low: Math.max(-1, estimate - combined(pB - b.low, a.high - pA, phi)),
    high: Math.min(1, estimate + combined(b.high - pB, pA - a.low, phi)),
  };
}

/** √(x² − 2φxy + y²). */
const combined = (x: number, y: number, phi: number): number => Math.sqrt(Math.max(0, x * x - 2 * phi * x * y + y * y));

function correlation({ bothRight, onlyA, onlyB, bothWrong }: PairedCounts, n: number): number {
  const margins = [bothRight + onlyA, onlyB + bothWrong, bothRight + onlyB, onlyA + bothWrong];
  if (margins.includes(0)) return 0;
  const product = bothRight * bothWrong - onlyA * onlyB;
  const corrected = product > 0 ? Math.max(product - n / 2, 0) : product;
  return corrected / margins.reduce((root, margin) => root * Math.sqrt(margin), 1);
}

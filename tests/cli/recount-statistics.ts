/**
 * The statistics of an evaluation a second time, from the papers, for the recount in `recount.ts`. Nothing here comes from the
 * room evaluation, and where there are two ways to compute something this is the other one: Student's distribution as a finite
 * series, the binomial tail from logarithms of factorials, the linearised macro F1 by numerical derivatives.
 */

export type Interval = { readonly low: number; readonly high: number };

/** The 97.5 % point of the normal distribution, as tables print it. */
const Z = 1.959963984540054;

/** Score interval of the share x / n, 95 % (E. B. Wilson, JASA 22, 1927), as (2np + z² ± z√(z² + 4npq)) / (2(n + z²)); n need not be whole. */
export function wilson(x: number, n: number): Interval | null {
  if (n === 0) return null;
  const [middle, root] = [2 * x + Z * Z, Z * Math.sqrt(Z * Z + 4 * x * (1 - x / n))];
  return { low: Math.max(0, middle - root) / (2 * (n + Z * Z)), high: Math.min(1, (middle + root) / (2 * (n + Z * Z))) };
}

/** Pairs by whether the first and the second are right; the letters are the paper's. */
export type PairTable = { readonly e: number; readonly f: number; readonly g: number; readonly h: number };

/**
 * First − second of two shares on the same n samples, 95 %: R. G. Newcombe, Statistics in Medicine 17 (1998) 2635–2650, method
 * 10 (score limits of both, with the correlation φ, corrected for continuity when it is positive). e: both right, f: only the
 * first, g: only the second, h: neither. n > 0.
 */
export function newcombe10({ e, f, g, h }: PairTable): Interval & { readonly estimate: number } {
  const n = e + f + g + h;
  const theta = (f - g) / n;
  const [p2, p3] = [(e + f) / n, (e + g) / n];
  const [limits2, limits3] = [wilson(e + f, n), wilson(e + g, n)];
  if (limits2 === null || limits3 === null) throw new Error('there are no pairs');
  const phi = newcombePhi({ e, f, g, h });
  const [dl2, du2] = [p2 - limits2.low, limits2.high - p2];
  const [dl3, du3] = [p3 - limits3.low, limits3.high - p3];
  const delta = Math.sqrt(dl2 ** 2 - 2 * phi * dl2 * du3 + du3 ** 2);
  const epsilon = Math.sqrt(du2 ** 2 - 2 * phi * du2 * dl3 + dl3 ** 2);
  return { estimate: theta, low: theta - delta, high: theta + epsilon };
}

function newcombePhi({ e, f, g, h }: PairTable): number {
  const below = (e + f) * (g + h) * (e + g) * (f + h);
  if (below === 0) return 0;
  const above = e * h - f * g;
  const half = (e + f + g + h) / 2;
  return (above > half ? above - half : above >= 0 ? 0 : above) / Math.sqrt(below);
}

/**
 * Exact conditional McNemar test, two-sided: twice the smaller tail of Binomial(f + g, 1/2), at most 1 (Q. McNemar, Psychometrika
 * 12, 1947; F. Mosteller, Biometrics 8, 1952). The terms come from logarithms of factorials.
 */
export function mcnemar(f: number, g: number): number {
  const n = f + g;
  const logFactorial = [0];
  for (let k = 1; k <= n; k++) logFactorial.push((logFactorial[k - 1] ?? 0) + Math.log(k));
  const log = (k: number): number => logFactorial[k] ?? 0;
  let tail = 0;
  for (let k = 0; k <= Math.min(f, g); k++) tail += Math.exp(log(n) - log(k) - log(n - k) - n * Math.LN2);
  return Math.min(1, 2 * tail);
}

/** P(|T| ≤ t) for a whole number of degrees of freedom: the finite series of Abramowitz and Stegun 26.7.3 (odd) and 26.7.4 (even). */
function studentWithin(t: number, df: number): number {
  const theta = Math.atan(t / Math.sqrt(df));
  const [sine, cosine] = [Math.sin(theta), Math.cos(theta)];
  const odd = df % 2 === 1;
  // Odd: cos, 2/3 cos³, 2·4/(3·5) cos⁵ …; even: 1, 1/2 cos², 1·3/(2·4) cos⁴ …; both up to cos^(df − 2).
  let term = odd ? cosine : 1;
  let sum = 0;
  for (let power = odd ? 1 : 0; power <= df - 2; power += 2) {
    sum += term;
    term *= ((power + 1) / (power + 2)) * cosine * cosine;
  }
  return odd ? (2 / Math.PI) * (theta + sine * sum) : sine * sum;
}

/** The t with P(|T| ≤ t) = 95 %, by bisection. */
export function student95(df: number): number {
  let [low, high] = [1, 13];
  while (high - low > 1e-12) {
    const middle = (low + high) / 2;
    if (studentWithin(middle, df) < 0.95) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** What a sample adds to an estimate to first order, and the group of samples it stands or falls with. */
export type Influence = { readonly group: string; readonly value: number };

/**
 * CR1: √(G/(G−1) · Σ over the G groups (Σ influences)²) (K.-Y. Liang, S. Zeger, Biometrika 73, 1986; A. C. Cameron, D. L. Miller, J. Human
 * Resources 50, 2015), with the t quantile that belongs to it. Null for one group.
 */
export function cr1(influences: readonly Influence[]): { readonly se: number; readonly t: number; readonly groups: number } | null {
  const sums = Map.groupBy(influences, ({ group }) => group);
  const groups = sums.size;
  if (groups < 2) return null;
  const squares = [...sums.values()].map((members) => members.reduce((sum, { value }) => sum + value, 0) ** 2);
  const se = Math.sqrt((groups / (groups - 1)) * squares.reduce((sum, square) => sum + square, 0));
  return { se, t: student95(groups - 1), groups };
}

/** One sample's part of a ratio of two sums. */
export type Part = { readonly group: string; readonly above: number; readonly below: number };

/**
 * Interval of the share Σ above / Σ below, 95 %. Independent results: Wilson. Else Wilson for the effective sample size
 * min(n, p(1−p)/se²) · (z/t)² of E. Korn and B. Graubard (Survey Methodology 24, 1998) with se the CR1 error of the linearised ratio
 * (R. Woodruff, JASA 66, 1971); where the share is 0 or 1 a group counts as one.
 */
export function shareInterval(parts: readonly Part[], independent: boolean): Interval | null {
  const inside = parts.filter(({ below }) => below > 0);
  const above = inside.reduce((sum, part) => sum + part.above, 0);
  const below = inside.reduce((sum, part) => sum + part.below, 0);
  if (below === 0 || independent) return wilson(above, below);
  const p = above / below;
  const robust = cr1(inside.map((part) => ({ group: part.group, value: (part.above - p * part.below) / below })));
  if (robust === null) return null;
  const size = p === 0 || p === 1 ? robust.groups : Math.min(below, (p * (1 - p)) / robust.se ** 2);
  const effective = size * (Z / robust.t) ** 2;
  return wilson(p * effective, effective);
}

/** F1 = 2J/(1+J) rises with the Jaccard share J, so its limits are those of J, carried over. */
export const f1OfJaccard = (j: Interval | null): Interval | null =>
  j === null ? null : { low: (2 * j.low) / (1 + j.low), high: (2 * j.high) / (1 + j.high) };

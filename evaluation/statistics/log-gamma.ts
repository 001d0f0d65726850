/**
 * log Γ(x) for x > 0, to about 1e-14 relative: Stirling's series (DLMF 5.11.1) from 10 on, below by the recursion
 * Γ(x) = Γ(x + 1) / x.
 */
export function logGamma(x: number): number {
  let shift = 0;
  let at = x;
  while (at < 10) shift += Math.log(at++);
  const square = 1 / (at * at);
  const series =
    (1 / 12 -
      square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square * (1 / 1188 - square * (691 / 360360 - square / 156)))))) /
    at;
  return (at - 0.5) * Math.log(at) - at + 0.5 * Math.log(2 * Math.PI) + series - shift;
}

/** log of "n choose k". */
export const logChoose = (n: number, k: number): number => logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1);

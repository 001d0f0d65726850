/** The p-quantile of rising numbers, interpolated (type 7 of R. Hyndman, Y. Fan, Am. Statistician 50, 1996). NaN for none. */
export function quantileSorted(sorted: ArrayLike<number>, p: number): number {
  const at = (sorted.length - 1) * p;
  const below = Math.floor(at);
  const low = sorted[below] ?? Number.NaN;
  const high = sorted[below + 1] ?? low;
  return low + (high - low) * (at - below);
}

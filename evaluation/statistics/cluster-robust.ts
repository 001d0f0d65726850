export type ClusterRobust = { readonly se: number; readonly clusters: number };

/**
 * CR1 standard error of an estimate from the influence of each sample on it: √(G/(G−1) · Σ over clusters (Σ influences)²)
 * (K.-Y. Liang, S. Zeger, Biometrika 73, 1986; the small-sample factor as in A. C. Cameron, D. L. Miller, "A practitioner's
 * guide to cluster-robust inference", J. Human Resources 50, 2015, with one coefficient). For a mean over samples the influence
 * is (value − mean) / n; with every sample its own cluster this is the usual standard error of a mean. `clusterOf` numbers the
 * clusters of the same samples; G counts those that occur.
 *
 * Undefined (null) for fewer than two clusters.
 */
export function clusterRobustSe(influence: ArrayLike<number>, clusterOf: ArrayLike<number>): ClusterRobust | null {
  const sums = new Map<number, number>();
  for (let i = 0; i < influence.length; i++) {
    const cluster = clusterOf[i] ?? 0;
    sums.set(cluster, (sums.get(cluster) ?? 0) + (influence[i] ?? 0));
  }
  const clusters = sums.size;
  if (clusters < 2) return null;
  let squares = 0;
  for (const sum of sums.values()) squares += sum * sum;
  const se = Math.sqrt((clusters / (clusters - 1)) * squares);
  // Equal values leave rounding noise; an error of 1e-12 in a share is none.
  return { se: se < 1e-12 ? 0 : se, clusters };
}

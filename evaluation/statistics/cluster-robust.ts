/** Which cluster each sample belongs to, as numbers 0 … count − 1. */
export type Clusters = { readonly of: Int32Array; readonly count: number };

/**
 * CR1 standard error of an estimate from the influence of each sample on it: √(G/(G−1) · Σ over clusters (Σ influences)²)
 * (K.-Y. Liang, S. Zeger, Biometrika 73, 1986; the small-sample factor as in A. C. Cameron, D. L. Miller, "A practitioner's
 * guide to cluster-robust inference", J. Human Resources 50, 2015, with one coefficient). Only clusters that `enters` count
 * into G. For a mean over samples the influence is (value − mean) / n; with every sample its own cluster this is the usual
 * standard error of a mean.
 *
 * Undefined (null) for fewer than two clusters.
 */
export function clusterRobustSe(influence: Float64Array, clusters: Clusters, enters?: Uint8Array): ClusterRobust | null {
  const sums = new Float64Array(clusters.count);
  const present = new Uint8Array(clusters.count);
  for (let i = 0; i < influence.length; i++) {
    const cluster = clusters.of[i] ?? 0;
    if (enters !== undefined && enters[i] === 0) continue;
    sums[cluster] = (sums[cluster] ?? 0) + (influence[i] ?? 0);
    present[cluster] = 1;
  }
  const count = present.reduce((total, there) => total + there, 0);
  if (count < 2) return null;
  const squares = sums.reduce((total, sum) => total + sum * sum, 0);
  const se = Math.sqrt((count / (count - 1)) * squares);
  // Equal values leave rounding noise; an error of 1e-12 in a share is none.
  return { se: se < 1e-12 ? 0 : se, clusters: count };
}

export type ClusterRobust = { readonly se: number; readonly clusters: number };

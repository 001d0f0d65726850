import type { Interval } from '../../schemas/core.ts';
import { clusterRobustSe, type ClusterRobust } from '../statistics/cluster-robust.ts';
import { Z_95 } from '../statistics/critical-values.ts';
import { studentQuantile } from '../statistics/student-t.ts';
import { wilsonInterval } from '../statistics/wilson.ts';
import { isClustered, type JudgedResults, type VariantResults } from './judged-results.ts';
import { metricStatistics } from './metric-statistics.ts';
import type { Metric } from './metric.ts';
import { ratioStatistics, type Influence, type RatioStatistics } from './ratio.ts';

/** Cluster-robust standard error of what `influence` belongs to. */
export const robustSe = (results: JudgedResults, { samples, values }: Influence): ClusterRobust | null =>
  clusterRobustSe(
    values,
    samples.map((sample) => results.clusters.of[sample] ?? 0),
  );

/**
 * Interval of a share. Of independent results: Wilson. Of clustered ones: Wilson for the effective number of results, the
 * number of independent ones that would have the cluster-robust standard error, with a t quantile for the normal one
 * (E. Korn, B. Graubard, Survey Methodology 24, 1998); never more than there are. Where no result varies (share 0 or 1), a
 * cluster counts as one. Null for nothing, or a single cluster.
 */
export function shareInterval(results: JudgedResults, share: RatioStatistics): Interval | null {
  if (share.value === null) return null;
  if (!isClustered(results)) return wilsonInterval(share.numerator, share.denominator);
  const robust = robustSe(results, share.influence);
  if (robust === null) return null;
  const variance = share.value * (1 - share.value);
  const independent = variance === 0 ? robust.clusters : robust.se === 0 ? share.denominator : variance / robust.se ** 2;
  const effective = Math.min(share.denominator, independent) * (Z_95 / studentQuantile(0.975, robust.clusters - 1)) ** 2;
  return wilsonInterval(share.value * effective, effective);
}

/**
 * Interval of F1 of a label. F1 = 2J / (1 + J), where J, the share of "is and said" among "is or said", is a proportion; its
 * limits are carried over, since the function rises. `among` as in `ratioStatistics`.
 */
export function f1Interval(results: JudgedResults, variant: VariantResults, label: number, among?: readonly number[]): Interval | null {
  const jaccard = shareInterval(results, ratioStatistics(results, variant, { kind: 'jaccard', label }, among));
  const f1 = (j: number): number => (2 * j) / (1 + j);
  return jaccard === null ? null : { low: f1(jaccard.low), high: f1(jaccard.high) };
}

/**
 * Interval of macro F1: value ± t · standard error of the linearised mean (delta method; K. Takahashi et al., Applied
 * Intelligence 52, 2022), cut to [0, 1]. Null when nothing varies, where this method has no answer.
 */
export function macroF1Interval(results: JudgedResults, variant: VariantResults): Interval | null {
  const { value, influence } = metricStatistics(results, variant, { kind: 'macro-f1' });
  const robust = robustSe(results, influence);
  if (value === null || robust === null || robust.se === 0) return null;
  const half = studentQuantile(0.975, robust.clusters - 1) * robust.se;
  return { low: Math.max(0, value - half), high: Math.min(1, value + half) };
}

/** Interval of any metric of one variant. */
export function metricInterval(results: JudgedResults, variant: VariantResults, metric: Metric): Interval | null {
  if (metric.kind === 'macro-f1') return macroF1Interval(results, variant);
  if (metric.kind === 'accuracy') return shareInterval(results, ratioStatistics(results, variant, { kind: 'accuracy' }));
  const label = results.names.indexOf(metric.label);
  if (label === -1) return null;
  return metric.kind === 'f1'
    ? f1Interval(results, variant, label)
    : shareInterval(results, ratioStatistics(results, variant, { kind: metric.kind, label }));
}

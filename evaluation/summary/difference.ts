import type { DifferenceTest } from '../../schemas/core.ts';
import { robustSe } from '../metrics/intervals.ts';
import { isClustered, type JudgedResults, type VariantResults } from '../metrics/judged-results.ts';
import { metricStatistics, type MetricStatistics } from '../metrics/metric-statistics.ts';
import type { Metric } from '../metrics/metric.ts';
import { pairedCells } from '../metrics/paired-cells.ts';
import type { Influence } from '../metrics/ratio.ts';
import { bootstrapInterval } from '../statistics/bootstrap.ts';
import type { ClusterRobust } from '../statistics/cluster-robust.ts';
import { POWER } from '../statistics/critical-values.ts';
import { detectableBySe, detectableOnPairs } from '../statistics/detectable-effect.ts';
import { mcnemarExact } from '../statistics/mcnemar.ts';
import { newcombePaired, type PairedCounts } from '../statistics/newcombe.ts';
import { studentQuantile } from '../statistics/student-t.ts';

export type PairedDifference = {
  /** B − A; null when the metric of one of them has nothing below the line. */
  readonly estimate: number | null;
  readonly interval: { readonly low: number; readonly high: number } | null;
  /** Why there is no interval; null when there is one. */
  readonly missing: string | null;
  readonly test: DifferenceTest;
  readonly p: number | null;
  readonly pOver: string | null;
  readonly clusters: number | null;
  readonly detectable: number | null;
};

type Comparison = {
  readonly results: JudgedResults;
  readonly a: VariantResults;
  readonly b: VariantResults;
  readonly metric: Metric;
  readonly seed: number;
};

/**
 * The difference B − A of a metric with its 95 % interval. With clusters or several repeats cluster-robust; else accuracy by
 * Newcombe's method 10, other metrics by the paired bootstrap.
 */
export function pairedDifference(comparison: Comparison): PairedDifference {
  if (comparison.results.sampleIds.length === 0) return nothing('no sample has a label and results of all variants yet');
  if (isClustered(comparison.results)) return clusteredDifference(comparison);
  return comparison.metric.kind === 'accuracy' ? accuracyDifference(comparison) : bootstrapDifference(comparison, comparison.metric);
}

const nothing = (missing: string): PairedDifference => ({
  estimate: null,
  interval: null,
  missing,
  test: 'newcombe-paired',
  p: null,
  pOver: null,
  clusters: null,
  detectable: null,
});

function accuracyDifference(comparison: Comparison): PairedDifference {
  const pairs = pairCounts(comparison);
  const newcombe = newcombePaired(pairs);
  const n = comparison.results.sampleIds.length;
  return {
    ...nothing(''),
    estimate: newcombe?.estimate ?? null,
    interval: newcombe === null ? null : { low: newcombe.low, high: newcombe.high },
    missing: null,
    p: mcnemarExact(pairs.onlyA, pairs.onlyB),
    pOver: 'right or wrong on all samples',
    detectable: detectableOnPairs(n, (pairs.onlyA + pairs.onlyB) / n),
  };
}

/** Samples by which of the two are right; `among` says which samples count. */
function pairCounts({ results, a, b }: Comparison, among: (sample: number) => boolean = () => true): PairedCounts {
  const counts = { bothRight: 0, onlyA: 0, onlyB: 0, bothWrong: 0 };
  for (let i = 0; i < results.sampleIds.length; i++) {
    if (!among(i)) continue;
    const right = a.correct[i] === 1;
    if (b.correct[i] === 1) counts[right ? 'bothRight' : 'onlyB']++;
    else counts[right ? 'onlyA' : 'bothWrong']++;
  }
  return counts;
}

function bootstrapDifference(comparison: Comparison, metric: Exclude<Metric, { readonly kind: 'accuracy' }>): PairedDifference {
  const { results, a, b } = comparison;
  const { cells, difference } = pairedCells(results, { a, b }, metric);
  const estimate = difference(Int32Array.from(cells));
  const interval = estimate === null ? null : bootstrapInterval({ cells, statistic: difference, seed: comparison.seed });
  // Recall of L is decided among the samples labelled L; the other metrics have no such set, and p is about being right.
  const label = metric.kind === 'recall' ? results.names.indexOf(metric.label) : null;
  const pairs = pairCounts(comparison, label === null ? undefined : (i) => results.labelOf[i] === label);
  return {
    estimate,
    interval: interval === null ? null : { low: interval.low, high: interval.high },
    missing:
      estimate === null ? undefinedMetric : interval === null ? 'the metric is undefined in more than 5 % of the bootstrap draws' : null,
    test: 'paired-bootstrap',
    p: mcnemarExact(pairs.onlyA, pairs.onlyB),
    pOver: metric.kind === 'recall' ? `right or wrong on samples labelled "${metric.label}"` : 'right or wrong on all samples',
    clusters: null,
    detectable: interval === null ? null : detectableBySe(interval.se),
  };
}

const undefinedMetric = 'the metric is undefined for one of the variants: it never says the label, or no sample has it';

/** The influences of both variants on each sample, subtracted, make the paired cluster-robust standard error. */
function clusteredDifference({ results, a, b, metric }: Comparison): PairedDifference {
  const [ofA, ofB] = [metricStatistics(results, a, metric), metricStatistics(results, b, metric)];
  const base = { ...nothing(''), test: 'cr1-clustered' as const };
  const estimate = subtract(ofA, ofB);
  if (estimate === null) return { ...base, missing: undefinedMetric };
  const robust = pairedSe(results, ofA.influence, ofB.influence);
  if (robust === null) return { ...base, estimate, clusters: 1, missing: 'all samples are of one cluster, which has no spread to measure' };
  const df = robust.clusters - 1;
  const critical = studentQuantile(0.975, df);
  return {
    ...base,
    estimate,
    interval: { low: Math.max(-1, estimate - critical * robust.se), high: Math.min(1, estimate + critical * robust.se) },
    missing: null,
    clusters: robust.clusters,
    detectable: detectableBySe(robust.se, { critical, power: studentQuantile(POWER, df) }),
  };
}

/** Of the difference of the two influences on each sample that has a part in either. */
function pairedSe(results: JudgedResults, a: Influence, b: Influence): ClusterRobust | null {
  const bySample = new Map(a.samples.map((sample, i) => [sample, -(a.values[i] ?? 0)]));
  b.samples.forEach((sample, i) => bySample.set(sample, (bySample.get(sample) ?? 0) + (b.values[i] ?? 0)));
  // In the order of samples, so that sums do not depend on which variant named one first.
  const samples = [...bySample.keys()].sort((x, y) => x - y);
  return robustSe(results, { samples, values: Float64Array.from(samples, (sample) => bySample.get(sample) ?? 0) });
}

/** With one denominator the numerators are subtracted first, which is exact. */
function subtract(a: MetricStatistics, b: MetricStatistics): number | null {
  if (a.value === null || b.value === null) return null;
  if (a.numerator !== null && b.numerator !== null && a.denominator !== null && a.denominator === b.denominator) {
    return (b.numerator - a.numerator) / a.denominator;
  }
  return b.value - a.value;
}

import type { JudgedResults, VariantResults } from './judged-results.ts';
import type { Metric } from './metric.ts';

/**
 * Every metric here is a ratio of two sums over results, or the mean of such ratios over labels:
 *
 *     accuracy   right / all                        recall L     said L and is L / is L
 *     f1 L       2 · said and is L / (is + said L)   precision L  said L and is L / said L
 *     jaccard L  said and is L / is or said L        macro-f1     mean of f1 L over the labels of the samples
 */
type Ratio = { readonly kind: 'accuracy' | 'recall' | 'precision' | 'f1' | 'jaccard'; readonly label: number };

export type RatioStatistics = {
  readonly numerator: number;
  readonly denominator: number;
  /** numerator / denominator; null when that is 0. */
  readonly value: number | null;
  /**
   * What each sample moves the value by, to first order: (its part of the numerator − value · its part of the denominator)
   * / denominator (linearisation; R. Woodruff, JASA 66, 1971). They sum to 0; all 0 when there is no value.
   */
  readonly influence: Float64Array;
  /** 1 where a sample has a part in the denominator. */
  readonly enters: Uint8Array;
};

export function ratioStatistics(results: JudgedResults, variant: VariantResults, ratio: Ratio): RatioStatistics {
  const n = results.sampleIds.length;
  const upper = new Float64Array(n);
  const influence = new Float64Array(n);
  const enters = new Uint8Array(n);
  let [numerator, denominator] = [0, 0];
  for (let i = 0; i < n; i++) {
    let [above, below] = [0, 0];
    for (let r = 0; r < results.repeats; r++) {
      const place = i * results.repeats + r;
      const isLabel = results.labelOf[i] === ratio.label;
      const saidLabel = variant.predictions[place] === ratio.label;
      above += ratio.kind === 'accuracy' ? (variant.correct[place] ?? 0) : isLabel && saidLabel ? (ratio.kind === 'f1' ? 2 : 1) : 0;
      below += weightBelow(ratio.kind, isLabel, saidLabel);
    }
    numerator += above;
    denominator += below;
    upper[i] = above;
    influence[i] = below;
    enters[i] = below > 0 ? 1 : 0;
  }
  const value = denominator === 0 ? null : numerator / denominator;
  for (let i = 0; i < n; i++) influence[i] = value === null ? 0 : ((upper[i] ?? 0) - value * (influence[i] ?? 0)) / denominator;
  return { numerator, denominator, value, influence, enters };
}

function weightBelow(kind: Ratio['kind'], isLabel: boolean, saidLabel: boolean): number {
  switch (kind) {
    case 'accuracy':
      return 1;
    case 'recall':
      return isLabel ? 1 : 0;
    case 'precision':
      return saidLabel ? 1 : 0;
    case 'f1':
      return (isLabel ? 1 : 0) + (saidLabel ? 1 : 0);
    case 'jaccard':
      return isLabel || saidLabel ? 1 : 0;
  }
}

/** A metric of one variant. The numerator and denominator are null for a mean of ratios. */
export type MetricStatistics = Omit<RatioStatistics, 'numerator' | 'denominator'> & {
  readonly numerator: number | null;
  readonly denominator: number | null;
};

/** @throws nothing: a label that no sample has gives the value null. */
export function metricStatistics(results: JudgedResults, variant: VariantResults, metric: Metric): MetricStatistics {
  if (metric.kind === 'accuracy') return ratioStatistics(results, variant, { kind: 'accuracy', label: -1 });
  if (metric.kind !== 'macro-f1') {
    const label = results.names.indexOf(metric.label);
    return ratioStatistics(results, variant, { kind: metric.kind, label: label === -1 ? NO_LABEL : label });
  }
  const influence = new Float64Array(results.sampleIds.length);
  let sum = 0;
  for (let label = 0; label < results.labelCount; label++) {
    const one = ratioStatistics(results, variant, { kind: 'f1', label });
    sum += one.value ?? 0;
    for (let i = 0; i < influence.length; i++) influence[i] = (influence[i] ?? 0) + (one.influence[i] ?? 0) / results.labelCount;
  }
  const value = results.labelCount === 0 ? null : sum / results.labelCount;
  return { numerator: null, denominator: null, value, influence, enters: new Uint8Array(influence.length).fill(1) };
}

/** The number of no name; −1 stands for "no prediction". */
const NO_LABEL = -2;

import type { JudgedResults, VariantResults } from './judged-results.ts';
import type { Metric } from './metric.ts';
import { ratioStatistics, samplesByLabel, type Influence } from './ratio.ts';

/** A metric of one variant. Numerator and denominator are null for a mean of ratios. */
export type MetricStatistics = {
  readonly value: number | null;
  readonly numerator: number | null;
  readonly denominator: number | null;
  readonly influence: Influence;
};

/** The number of no name; −1 stands for "no prediction". */
const NO_LABEL = -2;

/** A label that no sample has and nobody said gives the value null. */
export function metricStatistics(results: JudgedResults, variant: VariantResults, metric: Metric): MetricStatistics {
  if (metric.kind === 'accuracy') return ratioStatistics(results, variant, { kind: 'accuracy' });
  if (metric.kind === 'macro-f1') return macroF1(results, variant);
  const label = results.names.indexOf(metric.label);
  return ratioStatistics(results, variant, { kind: metric.kind, label: label === -1 ? NO_LABEL : label });
}

/** The mean over the labels of the samples; a sample's influence is the mean of its influences on them. */
function macroF1(results: JudgedResults, variant: VariantResults): MetricStatistics {
  const values = new Float64Array(results.sampleIds.length);
  let sum = 0;
  samplesByLabel(results, variant).forEach((among, label) => {
    const { value, influence } = ratioStatistics(results, variant, { kind: 'f1', label }, among);
    sum += value ?? 0;
    influence.samples.forEach((sample, i) => {
      values[sample] = (values[sample] ?? 0) + (influence.values[i] ?? 0) / results.labelCount;
    });
  });
  return {
    value: results.labelCount === 0 ? null : sum / results.labelCount,
    numerator: null,
    denominator: null,
    influence: { samples: [...values.keys()], values },
  };
}

import type { Variant, VariantSummary } from '../../schemas/core.ts';
import { classScores } from '../metrics/class-scores.ts';
import { confusionOf } from '../metrics/confusion.ts';
import { macroF1Interval, metricInterval } from '../metrics/intervals.ts';
import type { JudgedResults, VariantResults } from '../metrics/judged-results.ts';
import type { Metric } from '../metrics/metric.ts';
import { metricStatistics } from '../metrics/metric-statistics.ts';
import { quantileSorted } from '../statistics/quantile.ts';
import type { UsageTotals } from './result-table.ts';

/**
 * One variant in numbers. What it got right is over the judged results; tokens, cost, calls and time are over all its results,
 * since those were paid for. `labels` gives the order of classes.
 */
export function summarizeVariant(work: {
  readonly variant: Variant;
  readonly results: JudgedResults;
  readonly said: VariantResults;
  readonly usage: UsageTotals;
  readonly metric: Metric;
  readonly labels: readonly string[];
}): VariantSummary {
  const { variant, results, said } = work;
  const accuracy = metricStatistics(results, said, { kind: 'accuracy' });
  const confusion = confusionOf(results, said, work.labels);
  return {
    flow: variant.flow,
    flowVersion: variant.flowVersion,
    fileName: variant.fileName,
    modelMap: variant.modelMap,
    artifacts: variant.artifacts,
    pinned: Object.keys(variant.pins),
    accuracy: accuracy.value,
    accuracyInterval: metricInterval(results, said, { kind: 'accuracy' }),
    correct: accuracy.numerator ?? 0,
    n: said.correct.length,
    errors: said.failed,
    confusion: Object.fromEntries([...confusion.cells].map(([label, row]) => [label, Object.fromEntries(row)])),
    unpredicted: Object.fromEntries(confusion.unpredicted),
    classes: classesInOrder(results, said, work.labels),
    macroF1: metricStatistics(results, said, { kind: 'macro-f1' }).value,
    macroF1Interval: macroF1Interval(results, said),
    score: metricStatistics(results, said, work.metric).value,
    scoreInterval: metricInterval(results, said, work.metric),
    ...usageSummary(work.usage),
  };
}

function classesInOrder(results: JudgedResults, said: VariantResults, labels: readonly string[]): VariantSummary['classes'] {
  const scores = new Map(classScores(results, said).map((one, label) => [results.names[label] ?? '', one]));
  return Object.fromEntries(
    labels.flatMap((label) => {
      const one = scores.get(label);
      return one === undefined ? [] : [[label, one]];
    }),
  );
}

type UsageSummary = Pick<VariantSummary, 'tokens' | 'cost' | 'unpriced' | 'calls' | 'reused' | 'reusedShare' | 'elapsedMs'>;

function usageSummary(usage: UsageTotals): UsageSummary {
  const uses = usage.calls + usage.reused;
  // Without calls nothing was used; with calls and no word from a provider it is not known.
  const tokens = (total: number | null): number | null => total ?? (usage.calls > 0 ? null : 0);
  return {
    tokens: { input: tokens(usage.inputTokens), output: tokens(usage.outputTokens) },
    cost: usage.cost,
    unpriced: usage.unpriced,
    calls: usage.calls,
    reused: usage.reused,
    reusedShare: uses === 0 ? 0 : usage.reused / uses,
    elapsedMs: elapsedSummary(Float64Array.from(usage.elapsedMs).sort()),
  };
}

function elapsedSummary(sorted: Float64Array): VariantSummary['elapsedMs'] {
  if (sorted.length === 0) return { p50: null, p95: null, mean: null, measured: 0 };
  const mean = sorted.reduce((sum, ms) => sum + ms, 0) / sorted.length;
  return { p50: quantileSorted(sorted, 0.5), p95: quantileSorted(sorted, 0.95), mean, measured: sorted.length };
}

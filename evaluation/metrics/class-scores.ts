import type { ClassScores } from '../../schemas/core.ts';
import { f1Interval, shareInterval } from './intervals.ts';
import type { JudgedResults, VariantResults } from './judged-results.ts';
import { ratioStatistics } from './ratio.ts';

/** Precision, recall and F1 of one label (by number), with intervals. */
export function classScores(results: JudgedResults, variant: VariantResults, label: number): ClassScores {
  const recall = ratioStatistics(results, variant, { kind: 'recall', label });
  const precision = ratioStatistics(results, variant, { kind: 'precision', label });
  return {
    precision: precision.value,
    recall: recall.value,
    f1: ratioStatistics(results, variant, { kind: 'f1', label }).value,
    support: recall.denominator,
    predicted: precision.denominator,
    precisionInterval: shareInterval(results, precision),
    recallInterval: shareInterval(results, recall),
    f1Interval: f1Interval(results, variant, label),
  };
}

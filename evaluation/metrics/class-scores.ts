import type { ClassScores } from '../../schemas/core.ts';
import { f1Interval, shareInterval } from './intervals.ts';
import type { JudgedResults, VariantResults } from './judged-results.ts';
import { ratioStatistics, samplesByLabel, type LabelRatio } from './ratio.ts';

/** Precision, recall and F1 with intervals of every label, in the order of their numbers. */
export function classScores(results: JudgedResults, variant: VariantResults): readonly ClassScores[] {
  return samplesByLabel(results, variant).map((among, label) => {
    const statistics = (kind: LabelRatio) => ratioStatistics(results, variant, { kind, label }, among);
    const [recall, precision] = [statistics('recall'), statistics('precision')];
    return {
      precision: precision.value,
      recall: recall.value,
      f1: statistics('f1').value,
      support: recall.denominator,
      predicted: precision.denominator,
      precisionInterval: shareInterval(results, precision),
      recallInterval: shareInterval(results, recall),
      f1Interval: f1Interval(results, variant, label, among),
    };
  });
}

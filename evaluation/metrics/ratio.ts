import type { JudgedResults, VariantResults } from './judged-results.ts';

/**
 * Every metric here is a ratio of two sums over results, or the mean of such ratios over labels:
 *
 *     accuracy   right / all                        recall L     said L and is L / is L
 *     f1 L       2 · said and is L / (is + said L)   precision L  said L and is L / said L
 *     jaccard L  said and is L / is or said L        macro-f1     mean of f1 L over the labels of the samples
 */
export type Ratio = { readonly kind: 'accuracy' } | { readonly kind: LabelRatio; readonly label: number };
export type LabelRatio = 'recall' | 'precision' | 'f1' | 'jaccard';

export type RatioStatistics = {
  readonly numerator: number;
  readonly denominator: number;
  /** numerator / denominator; null when that is 0. */
  readonly value: number | null;
  readonly influence: Influence;
};

/**
 * What each sample moves a value by, to first order: (its part of the numerator − value · its part of the denominator) /
 * denominator (linearisation; R. Woodruff, JASA 66, 1971). Together they are 0.
 */
export type Influence = {
  /** The samples with a part in the denominator. */
  readonly samples: readonly number[];
  readonly values: Float64Array;
};

/** `among` may name the samples that have a part in the ratio (see `samplesByLabel`), so that the others need not be looked at. */
export function ratioStatistics(results: JudgedResults, variant: VariantResults, ratio: Ratio, among?: readonly number[]): RatioStatistics {
  const samples: number[] = [];
  const parts: (readonly [above: number, below: number])[] = [];
  let [numerator, denominator] = [0, 0];
  const look = (i: number): void => {
    const [above, below] = partsOf(results, variant, ratio, i);
    if (below === 0) return;
    numerator += above;
    denominator += below;
    samples.push(i);
    parts.push([above, below]);
  };
  if (among === undefined) for (let i = 0; i < results.sampleIds.length; i++) look(i);
  else among.forEach(look);
  const value = denominator === 0 ? null : numerator / denominator;
  const values = Float64Array.from(parts, ([above, below]) => (above - (value ?? 0) * below) / denominator);
  return { numerator, denominator, value, influence: { samples, values } };
}

function partsOf(results: JudgedResults, variant: VariantResults, ratio: Ratio, sample: number): readonly [above: number, below: number] {
  let [above, below] = [0, 0];
  for (let place = sample * results.repeats; place < (sample + 1) * results.repeats; place++) {
    if (ratio.kind === 'accuracy') {
      above += variant.correct[place] ?? 0;
      below += 1;
      continue;
    }
    const is = results.labelOf[sample] === ratio.label;
    const said = variant.predictions[place] === ratio.label;
    if (is && said) above += ratio.kind === 'f1' ? 2 : 1;
    below += weightBelow(ratio.kind, is, said);
  }
  return [above, below];
}

function weightBelow(kind: LabelRatio, is: boolean, said: boolean): number {
  switch (kind) {
    case 'recall':
      return is ? 1 : 0;
    case 'precision':
      return said ? 1 : 0;
    case 'f1':
      return (is ? 1 : 0) + (said ? 1 : 0);
    case 'jaccard':
      return is || said ? 1 : 0;
  }
}

/** For each label the samples that have it or were said to have it, in order. One pass for all labels. */
export function samplesByLabel(results: JudgedResults, variant: VariantResults): readonly (readonly number[])[] {
  const touched = Array.from({ length: results.labelCount }, (): number[] => []);
  const touch = (label: number, sample: number): void => {
    const list = touched[label];
    if (list !== undefined && list.at(-1) !== sample) list.push(sample);
  };
  for (let i = 0; i < results.sampleIds.length; i++) {
    touch(results.labelOf[i] ?? -1, i);
    for (let place = i * results.repeats; place < (i + 1) * results.repeats; place++) touch(variant.predictions[place] ?? -1, i);
  }
  return touched;
}

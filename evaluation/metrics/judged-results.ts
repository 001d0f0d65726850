/** What one variant said about the judged samples. Place of (sample i, repeat r): i · repeats + r. */
export type VariantResults = {
  /** Number of the predicted name, −1 for none. */
  readonly predictions: Int32Array;
  /** 1 where the result is right. */
  readonly correct: Uint8Array;
  /** Results that ended with an error. */
  readonly failed: number;
};

/** The results that are compared: samples with a label for which all variants have all repeats. All that statistics read. */
export type JudgedResults = {
  readonly sampleIds: readonly string[];
  readonly repeats: number;
  /** Names by number: first the labels of the samples, sorted; then other predictions as they came. */
  readonly names: readonly string[];
  /** How many of the names are labels. */
  readonly labelCount: number;
  /** The label of each sample, as a number. */
  readonly labelOf: Int32Array;
  /** Every sample its own cluster when there is no cluster column. */
  readonly clusters: { readonly of: Int32Array; readonly count: number };
  /** Whether there is a cluster column. */
  readonly hasClusters: boolean;
  readonly variants: readonly VariantResults[];
};

/** Samples (by cluster) or repeats of a sample are not independent: intervals must be cluster-robust. */
export const isClustered = (results: JudgedResults): boolean => results.hasClusters || results.repeats > 1;

/** How many of a sample's repeats are right. */
export function timesRight(results: JudgedResults, variant: VariantResults, sample: number): number {
  let right = 0;
  for (let r = 0; r < results.repeats; r++) right += variant.correct[sample * results.repeats + r] ?? 0;
  return right;
}

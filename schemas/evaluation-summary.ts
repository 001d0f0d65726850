/**
 * What an evaluation found out, as `eval run --json` prints it. Built by `summarize` of the room evaluation from result rows
 * alone. Plain JSON: no undefined, no NaN; what cannot be computed is null.
 */

export type Verdict = 'PASS' | 'FAIL' | 'UNDECIDED';

/** Two-sided 95 %. */
export type Interval = { readonly low: number; readonly high: number };

/** How the interval of the difference was computed; `docs/STATISTICS.md` has the formulas. */
export type DifferenceTest = 'newcombe-paired' | 'paired-bootstrap' | 'cr1-clustered';

/** One label as a yes-or-no question, over results. A ratio with nothing below the line is null. */
export type ClassScores = {
  /** Of the results that said this label, the share that is right. */
  readonly precision: number | null;
  /** Of the results whose sample has this label, the share that said so. */
  readonly recall: number | null;
  readonly f1: number | null;
  /** Results whose sample has this label. */
  readonly support: number;
  /** Results that said this label. */
  readonly predicted: number;
  readonly precisionInterval: Interval | null;
  readonly recallInterval: Interval | null;
  readonly f1Interval: Interval | null;
};

export type VariantSummary = {
  readonly flow: string;
  readonly flowVersion: string;
  readonly fileName: string | null;
  /** Models that were replaced: "provider/model" by "provider/model". */
  readonly modelMap: Readonly<Record<string, string>>;
  /** Trained artifacts by model name, frozen at the start. */
  readonly artifacts: Readonly<Record<string, string>>;
  /** Node ids or types whose output was pinned. */
  readonly pinned: readonly string[];
  /** correct / n; null when n = 0. */
  readonly accuracy: number | null;
  readonly accuracyInterval: Interval | null;
  readonly correct: number;
  /** Results counted: samples × repeats. */
  readonly n: number;
  /** Results that ended with an error; they count as wrong. */
  readonly errors: number;
  /** confusion[label][prediction] = results. Results without a prediction are in `unpredicted`. */
  readonly confusion: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Results without a prediction (errors, and flows that ended without one), by label; only labels that have some. */
  readonly unpredicted: Readonly<Record<string, number>>;
  /** Every label of the samples; the positive one first. */
  readonly classes: Readonly<Record<string, ClassScores>>;
  readonly macroF1: number | null;
  readonly macroF1Interval: Interval | null;
  /** The primary metric of this variant. */
  readonly score: number | null;
  readonly scoreInterval: Interval | null;
  /** Null where calls were made and no provider said how many. */
  readonly tokens: { readonly input: number | null; readonly output: number | null };
  /** USD; null without a price. */
  readonly cost: number | null;
  /** Results that made calls without a price: the cost leaves them out. */
  readonly unpriced: number;
  /** Calls that really left the process. */
  readonly calls: number;
  /** Effects answered from an equal one. */
  readonly reused: number;
  /** reused / (calls + reused); 0 when both are 0. */
  readonly reusedShare: number;
  /** Milliseconds in effects per result, over the `measured` results that reused nothing. */
  readonly elapsedMs: { readonly p50: number | null; readonly p95: number | null; readonly mean: number | null; readonly measured: number };
};

/** A variant minus the baseline in the primary metric. */
export type EvaluationDifference = {
  readonly baseline: string;
  readonly variant: string;
  readonly metric: string;
  readonly estimate: number | null;
  readonly low: number | null;
  readonly high: number | null;
  /** Exact McNemar, two-sided; null when clustered. */
  readonly p: number | null;
  /** What p compares: right or wrong, over all samples, or for recall:L over those labelled L. Null when p is. */
  readonly pOver: string | null;
  readonly test: DifferenceTest;
  /** Samples that entered. */
  readonly n: number;
  /** Independent groups that entered; null when every sample counts as independent. */
  readonly clusters: number | null;
  readonly margin: number;
  /** The smallest true difference found with 80 % power at this size; null when it cannot be told. */
  readonly detectable: number | null;
  /** When UNDECIDED: about how many more samples would decide it, were the true difference the estimate. */
  readonly moreSamples: number | null;
  readonly flips: { readonly gained: number; readonly lost: number };
  readonly verdict: Verdict;
  /** Why, in one plain sentence. */
  readonly sentence: string;
};

/** A sample on which a variant and the baseline differ in being right. */
export type FlippedSample = {
  readonly variant: string;
  readonly sampleId: string;
  readonly kind: 'gained' | 'lost';
  readonly label: string;
  /** What the baseline said, and what the variant said; with repeats the most frequent. Null: no prediction. */
  readonly baselinePrediction: string | null;
  readonly prediction: string | null;
};

export type FailedResult = { readonly sampleId: string; readonly variant: string; readonly repeat: number; readonly error: string };

export type EvaluationSummary = {
  readonly id: string;
  readonly status: 'running' | 'paused' | 'interrupted' | 'cancelled' | 'judged';
  /** NAME or NAME@SPLIT. */
  readonly sampleSet: string;
  /** Hash of the set version. */
  readonly sampleSetVersion: string;
  /** Samples that were compared: with a label, and with all results of all variants. */
  readonly n: number;
  /** Samples of the set version. */
  readonly planned: number;
  /** Samples of the complete prefix that have no label and were left out. */
  readonly unlabelled: number;
  readonly repeats: number;
  readonly seed: number;
  readonly metric: string;
  readonly margin: number;
  readonly maxErrors: number;
  readonly positive: string | null;
  /** Independent groups among the n samples; null without a cluster column. */
  readonly clusters: number | null;
  /** Samples by label. */
  readonly labels: Readonly<Record<string, number>>;
  readonly variants: Readonly<Record<string, VariantSummary>>;
  /** Of the second variant; null when there is none. */
  readonly difference: EvaluationDifference | null;
  /** Of every variant but the baseline, by name. */
  readonly differences: Readonly<Record<string, EvaluationDifference>>;
  /** Of the second variant; `samples` lists those of all variants, at most so many, `leftOut` counts the rest. */
  readonly flips: { readonly gained: number; readonly lost: number; readonly samples: readonly FlippedSample[]; readonly leftOut: number };
  readonly failures: { readonly total: number; readonly results: readonly FailedResult[]; readonly leftOut: number };
  /** The worst of all differences (FAIL, UNDECIDED, PASS); decides text and exit code. */
  readonly verdict: Verdict;
  readonly sentence: string;
  readonly notes: readonly string[];
  /** Absolute path of the written report, or null. */
  readonly report: string | null;
  /** Of the formulas and conventions; changes when a number could. */
  readonly statisticsVersion: number;
};

import { calibrate, fitTemperature, type ScoredSamples } from './calibration.ts';
import { mostProbable } from './classify.ts';
import type { FeatureCounts } from './features.ts';
import { fitLabels, scoreRow, type LinearModel } from './linear-model.ts';
import { metricsOf, type ClassifierMetrics } from './metrics.ts';
import { buildVocabulary, weighRows, type SparseRows, type Vocabulary } from './sparse-rows.ts';

/** Strengths tried for the L2 penalty, strong to weak (C of logistic regression). */
export const LOOSENESS = [2, 8, 32, 128] as const;

export type TrainingData = {
  readonly texts: readonly FeatureCounts[];
  readonly targets: Int32Array;
  readonly labels: readonly string[];
  readonly seed: number;
};

/** Which fold each sample is in. */
export type Folding = { readonly foldOf: Int32Array; readonly folds: number };

/** Scores of every sample by models that did not see its fold, one set for each looseness. */
export async function crossValidate(
  data: TrainingData,
  { foldOf, folds, step }: Folding & { readonly step: () => Promise<void> },
): Promise<readonly ScoredSamples[]> {
  const scores = LOOSENESS.map((): Float64Array[] => []);
  for (let fold = 0; fold < folds; fold++) {
    const weighed = weighTraining({
      texts: data.texts.filter((_, i) => foldOf[i] !== fold),
      targets: data.targets.filter((_, i) => foldOf[i] !== fold),
      labels: data.labels,
      seed: data.seed,
    });
    const leftOut = Array.from(foldOf.keys()).filter((i) => foldOf[i] === fold);
    const rows = weighRows(
      leftOut.map((i) => data.texts[i] ?? NO_FEATURES),
      weighed.vocabulary,
    );
    let model: LinearModel | undefined;
    for (const [candidate, looseness] of LOOSENESS.entries()) {
      const fitted = fitWeighed(weighed, looseness, model);
      const all = scores[candidate] ?? [];
      leftOut.forEach((i, row) => (all[i] = scoreRow(fitted, rows, row)));
      model = fitted;
      await step();
    }
  }
  return scores.map((all) => ({ scores: all, targets: data.targets }));
}

const NO_FEATURES: FeatureCounts = { buckets: new Int32Array(), counts: new Uint16Array() };

type WeighedTraining = {
  readonly vocabulary: Vocabulary;
  readonly rows: SparseRows;
  readonly targets: Int32Array;
  readonly labels: number;
  readonly seed: number;
};

export function weighTraining({ texts, targets, labels, seed }: TrainingData): WeighedTraining {
  const vocabulary = buildVocabulary(texts);
  return { vocabulary, rows: weighRows(texts, vocabulary), targets, labels: labels.length, seed };
}

export function fitWeighed(
  { vocabulary, rows, targets, labels, seed }: WeighedTraining,
  looseness: number,
  from: LinearModel | undefined,
): LinearModel {
  return fitLabels(rows, targets, { labels, columns: vocabulary.buckets.length, looseness, seed, from });
}

/** Each fold is judged with the temperature of the others, as the final one is fitted on samples it will not be used for. */
export function metricsOfFolds(
  { scores, targets }: ScoredSamples,
  { foldOf, folds, labels }: Folding & { readonly labels: readonly string[] },
): ClassifierMetrics {
  const temperatures = Array.from({ length: folds }, (_, fold) => {
    const others = (i: number): boolean => foldOf[i] !== fold;
    return fitTemperature({ scores: scores.filter((_scores, i) => others(i)), targets: targets.filter((_target, i) => others(i)) });
  });
  const judged = scores.map((row, i) => {
    const { label, probabilities } = mostProbable(labels, calibrate(row, temperatures[foldOf[i] ?? 0] ?? 1));
    return { label: labels[targets[i] ?? 0] ?? '', prediction: label, confidence: probabilities[label] ?? 0 };
  });
  return metricsOf(judged, labels);
}

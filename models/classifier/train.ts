import { setImmediate as nextTurn } from 'node:timers/promises';
import { sha256Hex } from '../../schemas/canonical-json.ts';
import { ErrorCode, RiskflowError } from '../../schemas/errors.ts';
import type { ClassifierArtifact } from './artifact.ts';
import { calibrate, fitTemperature, logLoss, type ScoredSamples } from './calibration.ts';
import { mostProbable } from './classify.ts';
import { createFeatureCounter, type FeatureCounts } from './features.ts';
import { foldsOf, groupsOf, type LabelledText } from './folds.ts';
import { byCodeUnits, metricsOf, type ClassifierMetrics } from './metrics.ts';
import { fitSoftmax, scoreRow, type LinearModel } from './softmax-regression.ts';
import { buildVocabulary, weighRows, type SparseRows, type Vocabulary } from './sparse-rows.ts';

export type TrainOptions = {
  /** Order does not matter: equal samples under the same seed give the same artifact, byte for byte. */
  readonly samples: readonly LabelledText[];
  /** Decides which groups meet in a fold of the cross-validation. */
  readonly seed: number;
  /** Kept in the artifact: the hash of the sample set's version. */
  readonly trainedOn?: string;
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
  readonly signal?: AbortSignal;
};

export type TrainedClassifier = {
  readonly artifact: ClassifierArtifact;
  readonly metrics: {
    /** Each sample judged by a model (and a temperature) that saw neither it nor anything of its group. */
    readonly crossValidated: ClassifierMetrics & { readonly folds: number };
  };
};

/** Strengths tried for the L2 penalty, strong to weak, as 1 / (penalty × rows): liblinear's C. */
const LOOSENESS = [4, 16, 64, 256] as const;
const FOLDS = 5;

/**
 * Trains a text classifier: multinomial logistic regression on hashed n-grams of words and characters. The strength of its penalty
 * is the one with the least cross-validated log loss; its probabilities are calibrated on the scores of the left-out folds. It
 * gives other work a turn between fits (each some tenths of a second).
 *
 * The cross-validated figures are those of the chosen strength, so they flatter a little: it was chosen among four by them.
 *
 * @throws RiskflowError `invalid_input` when the samples have fewer than two labels or two groups.
 */
export async function trainClassifier(options: TrainOptions): Promise<TrainedClassifier> {
  const samples = inSeededOrder(options.samples, options.seed);
  const labels = [...new Set(samples.map(({ label }) => label))].toSorted(byCodeUnits);
  const targets = Int32Array.from(samples, ({ label }) => labels.indexOf(label));
  const { foldOf, folds } = foldsOf(targets, groupsOf(samples), FOLDS);
  refuseTooFew(samples.length, labels, folds);

  const total = folds * LOOSENESS.length + 1;
  let done = 0;
  const step = async (): Promise<void> => {
    done += 1;
    options.onProgress?.({ done, total });
    await nextTurn();
    options.signal?.throwIfAborted();
  };
  const counter = createFeatureCounter();
  const data: TrainingData = { texts: samples.map(({ text }) => counter(text)), targets, labels };

  const candidates = await crossValidate(data, { foldOf, folds, step });
  const losses = candidates.map((scored) => logLoss(scored, fitTemperature(scored)));
  const best = losses.indexOf(Math.min(...losses));
  const looseness = LOOSENESS[best] ?? LOOSENESS[0];
  const scored: ScoredSamples = candidates[best] ?? { scores: [], targets };

  const weighed = weighTraining(data);
  // Through the stronger penalties, as in the cross-validation: the way to the best point is part of what was validated.
  const model = LOOSENESS.slice(0, best + 1).reduce<LinearModel | undefined>((from, next) => fit(weighed, next, from), undefined);
  await step();
  return {
    artifact: {
      labels,
      vocabulary: weighed.vocabulary,
      weights: Float32Array.from(model?.weights ?? []),
      temperature: fitTemperature(scored),
      looseness,
      seed: options.seed,
      trainedOn: options.trainedOn ?? null,
    },
    metrics: { crossValidated: { ...metricsOfFolds(scored, { foldOf, folds, labels }), folds } },
  };
}

type TrainingData = { readonly texts: readonly FeatureCounts[]; readonly targets: Int32Array; readonly labels: readonly string[] };

/** Sorted by a hash with the seed: an order that has nothing to do with how the samples came. */
function inSeededOrder(samples: readonly LabelledText[], seed: number): readonly LabelledText[] {
  const keyed = samples.map((sample) => ({ sample, key: sha256Hex(JSON.stringify([seed, sample.text, sample.label, sample.group])) }));
  return keyed.toSorted((a, b) => byCodeUnits(a.key, b.key)).map(({ sample }) => sample);
}

function refuseTooFew(rows: number, labels: readonly string[], folds: number): void {
  const hint = 'Train it on a split with examples of every class.';
  if (labels.length < 2) {
    const found = labels[0] === undefined ? 'there are none' : `all ${rows} have the label "${labels[0]}"`;
    throw new RiskflowError(ErrorCode.invalidInput, `a classifier needs samples of at least two labels, but ${found}`, { hint });
  }
  if (folds < 2) {
    throw new RiskflowError(ErrorCode.invalidInput, `a classifier needs samples of at least two groups, but all ${rows} belong together`, {
      hint,
    });
  }
}

type Folding = { readonly foldOf: Int32Array; readonly folds: number };

/** Scores of every sample by models that did not see its fold, one set for each looseness. */
async function crossValidate(
  data: TrainingData,
  { foldOf, folds, step }: Folding & { readonly step: () => Promise<void> },
): Promise<readonly ScoredSamples[]> {
  const scores = LOOSENESS.map((): Float64Array[] => []);
  for (let fold = 0; fold < folds; fold++) {
    const weighed = weighTraining({
      texts: data.texts.filter((_, i) => foldOf[i] !== fold),
      targets: data.targets.filter((_, i) => foldOf[i] !== fold),
      labels: data.labels,
    });
    const leftOut = Array.from(foldOf.keys()).filter((i) => foldOf[i] === fold);
    const rows = weighRows(
      leftOut.map((i) => data.texts[i] ?? NO_FEATURES),
      weighed.vocabulary,
    );
    let model: LinearModel | undefined;
    for (const [candidate, looseness] of LOOSENESS.entries()) {
      const fitted = fit(weighed, looseness, model);
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
};

function weighTraining({ texts, targets, labels }: TrainingData): WeighedTraining {
  const vocabulary = buildVocabulary(texts);
  return { vocabulary, rows: weighRows(texts, vocabulary), targets, labels: labels.length };
}

function fit({ vocabulary, rows, targets, labels }: WeighedTraining, looseness: number, from?: LinearModel): LinearModel {
  const penalty = 1 / (looseness * targets.length);
  return fitSoftmax(rows, targets, { labels, columns: vocabulary.buckets.length, penalty, ...(from === undefined ? {} : { from }) });
}

/** Each fold is judged with the temperature of the others, as the final one is fitted on samples it will not be used for. */
function metricsOfFolds(
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

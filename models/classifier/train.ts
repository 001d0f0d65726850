import { setImmediate as nextTurn } from 'node:timers/promises';
import { sha256Hex, ErrorCode, RiskflowError } from '../../schemas/core.ts';
import type { ClassifierArtifact } from './artifact.ts';
import { fitTemperature, logLoss, type ScoredSamples } from './calibration.ts';
import { crossValidate, fitWeighed, LOOSENESS, metricsOfFolds, weighTraining, type TrainingData } from './cross-validation.ts';
import { createFeatureCounter } from './features.ts';
import { foldsOf, groupsOf, type LabelledText } from './folds.ts';
import { byCodeUnits, type ClassifierMetrics } from './metrics.ts';
import type { LinearModel } from './linear-model.ts';

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

const FOLDS = 5;

/**
 * Trains a text classifier: logistic regressions on hashed n-grams of words and characters. The strength of its penalty
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
  const data: TrainingData = { texts: samples.map(({ text }) => counter(text)), targets, labels, seed: options.seed };

  const candidates = await crossValidate(data, { foldOf, folds, step });
  const losses = candidates.map((scored) => logLoss(scored, fitTemperature(scored)));
  const best = losses.indexOf(Math.min(...losses));
  const looseness = LOOSENESS[best] ?? LOOSENESS[0];
  const scored: ScoredSamples = candidates[best] ?? { scores: [], targets };

  const weighed = weighTraining(data);
  // From strong to weak penalties, as in the cross-validation: each fit begins near its end.
  const model = LOOSENESS.slice(0, best + 1).reduce<LinearModel | undefined>((from, next) => fitWeighed(weighed, next, from), undefined);
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

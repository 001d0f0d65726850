import type { TextClassifier } from '../../schemas/core.ts';
import { decodeArtifact, type ClassifierArtifact } from './artifact.ts';
import { calibrate } from './calibration.ts';
import { createFeatureCounter } from './features.ts';
import { metricsOf, type ClassifierMetrics } from './metrics.ts';
import { createRowWeigher } from './sparse-rows.ts';

/**
 * Opens a stored artifact for use. It holds about 5 MB while in use, so open it once and keep it.
 *
 * @throws RiskflowError `invalid_file` when the bytes are damaged or of another version.
 */
export const loadClassifier = (bytes: Uint8Array): TextClassifier => openClassifier(decodeArtifact(bytes));

function openClassifier({ labels, vocabulary, weights, temperature }: ClassifierArtifact): TextClassifier {
  const count = createFeatureCounter();
  const weigher = createRowWeigher(vocabulary);
  const relative = labels.length - 1;
  const biasAt = vocabulary.buckets.length * relative;
  let columns = new Int32Array(1024);
  let values = new Float32Array(1024);
  return {
    labels,
    classify(text) {
      const features = count(text);
      if (features.buckets.length > columns.length) {
        columns = new Int32Array(features.buckets.length * 2);
        values = new Float32Array(features.buckets.length * 2);
      }
      const length = weigher.weigh(features, columns, values);
      const scores = new Float64Array(labels.length);
      for (let k = 0; k < relative; k++) {
        let score = weights[biasAt + k] ?? 0;
        for (let i = 0; i < length; i++) score += (values[i] ?? 0) * (weights[(columns[i] ?? 0) * relative + k] ?? 0);
        scores[k] = score;
      }
      return mostProbable(labels, calibrate(scores, temperature));
    },
  };
}

/** The label with the highest probability, the first of equals. */
export function mostProbable(labels: readonly string[], probabilities: Float64Array): ReturnType<TextClassifier['classify']> {
  let best = 0;
  probabilities.forEach((probability, k) => (best = probability > (probabilities[best] ?? 0) ? k : best));
  return { label: labels[best] ?? '', probabilities: Object.fromEntries(labels.map((label, k) => [label, probabilities[k] ?? 0])) };
}

/** Classifies labelled samples and says how well that went. A label the model does not know is always wrong. */
export function evaluateClassifier(
  artifact: ClassifierArtifact,
  samples: readonly { readonly text: string; readonly label: string }[],
): ClassifierMetrics {
  const classifier = openClassifier(artifact);
  const judged = samples.map(({ text, label }) => {
    const { label: prediction, probabilities } = classifier.classify(text);
    return { label, prediction, confidence: probabilities[prediction] ?? 0 };
  });
  return metricsOf(judged, artifact.labels);
}

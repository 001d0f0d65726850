/** What a classifier said of one sample whose label is known. */
export type Judged = {
  readonly label: string;
  readonly prediction: string;
  /** Probability of the prediction. */ readonly confidence: number;
};

export type ClassifierMetrics = {
  /** Share of right predictions; 0 for no samples. */
  readonly accuracy: number;
  /** Expected calibration error, see `calibrationError`. */
  readonly ece: number;
  /** `confusion[label][prediction]`: number of samples. Every label of the model or the samples has a row and a column. */
  readonly confusion: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly n: number;
};

const BINS = 10;

export function metricsOf(judged: readonly Judged[], labels: readonly string[]): ClassifierMetrics {
  const right = judged.filter(({ label, prediction }) => label === prediction).length;
  return {
    accuracy: judged.length === 0 ? 0 : right / judged.length,
    ece: calibrationError(judged),
    confusion: confusionOf(judged, labels),
    n: judged.length,
  };
}

/**
 * Expected calibration error (Naeini et al., 2015): the confidences fall into 10 bins of equal width; the mean over the samples of
 * |accuracy − mean confidence| of their bin. 0 is perfect. A confidence on a border belongs to the upper bin, 1 to the last.
 */
export function calibrationError(judged: readonly Judged[]): number {
  const bins = Array.from({ length: BINS }, () => ({ right: 0, confidence: 0 }));
  for (const { label, prediction, confidence } of judged) {
    const bin = bins[Math.min(BINS - 1, Math.floor(confidence * BINS))];
    if (bin === undefined) throw new RangeError(`a confidence of ${confidence} is no probability`);
    bin.right += label === prediction ? 1 : 0;
    bin.confidence += confidence;
  }
  const gaps = bins.reduce((sum, { right, confidence }) => sum + Math.abs(right - confidence), 0);
  return judged.length === 0 ? 0 : gaps / judged.length;
}

function confusionOf(judged: readonly Judged[], labels: readonly string[]): Readonly<Record<string, Readonly<Record<string, number>>>> {
  const names = [...new Set([...labels, ...judged.map(({ label }) => label), ...judged.map(({ prediction }) => prediction)])].toSorted(
    byCodeUnits,
  );
  const counts = new Map(names.map((label) => [label, new Map(names.map((prediction) => [prediction, 0]))]));
  for (const { label, prediction } of judged) {
    const row = counts.get(label);
    row?.set(prediction, (row.get(prediction) ?? 0) + 1);
  }
  // fromEntries defines properties: a label named "__proto__" is a row like any other.
  return Object.fromEntries(Array.from(counts, ([label, row]) => [label, Object.fromEntries(row)]));
}

/** Order of UTF-16 units: the same on every machine. */
export const byCodeUnits = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

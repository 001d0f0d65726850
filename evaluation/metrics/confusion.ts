import type { JudgedResults, VariantResults } from './judged-results.ts';

/** Predictions that are no label of the samples are counted by name up to so many; rarer ones together under `OTHER`. */
const NAMED_PREDICTIONS = 50;
const OTHER = '(other)';
const LONGEST_NAME = 200;
/** With more labels than this, cells of 0 are left out: there would be as many as labels squared. */
const FULL_MATRIX = 50;

export type Confusion = {
  /** label → prediction → results */
  readonly cells: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** label → results without a prediction, where there are some */
  readonly unpredicted: ReadonlyMap<string, number>;
};

/**
 * The confusion matrix of a variant over all its results. `labels` gives the order; every label is a row, and (up to `FULL_MATRIX` of them) a column. A flow
 * that answers with free text could have as many columns as results: see `NAMED_PREDICTIONS`.
 */
export function confusionOf(results: JudgedResults, variant: VariantResults, labels: readonly string[]): Confusion {
  const columns = columnNames(results, variant);
  const empty = labels.length > FULL_MATRIX ? [] : labels;
  const cells = new Map(labels.map((label) => [label, new Map(empty.map((name) => [name, 0]))]));
  const unpredicted = new Map<string, number>();
  variant.predictions.forEach((prediction, place) => {
    const label = results.names[results.labelOf[Math.floor(place / results.repeats)] ?? -1] ?? '';
    if (prediction === -1) return void unpredicted.set(label, (unpredicted.get(label) ?? 0) + 1);
    const row = cells.get(label);
    const column = columns[prediction] ?? OTHER;
    row?.set(column, (row.get(column) ?? 0) + 1);
  });
  return { cells, unpredicted };
}

/** Column of each name: labels and the most frequent other predictions by themselves, cut when they are long. */
function columnNames(results: JudgedResults, variant: VariantResults): readonly string[] {
  const counts = new Map<number, number>();
  for (const prediction of variant.predictions) {
    if (prediction >= results.labelCount) counts.set(prediction, (counts.get(prediction) ?? 0) + 1);
  }
  const nameOf = (code: number): string => results.names[code] ?? OTHER;
  const frequent = [...counts].sort(([a, timesA], [b, timesB]) => timesB - timesA || (nameOf(a) < nameOf(b) ? -1 : 1));
  const kept = new Set(frequent.slice(0, NAMED_PREDICTIONS).map(([code]) => code));
  return results.names.map((name, code) =>
    code < results.labelCount ? name : kept.has(code) ? (name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME)}…` : name) : OTHER,
  );
}

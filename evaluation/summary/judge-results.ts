import type { JudgedResults, VariantResults } from '../metrics/judged-results.ts';
import { prefixLength } from '../samples/complete-prefix.ts';
import { ResultState, type ResultTable, type VariantColumn } from './result-table.ts';

export type Judged = {
  readonly results: JudgedResults;
  /** Samples of the longest complete beginning of the seeded order, and how many of them have no label. */
  readonly complete: number;
  readonly unlabelled: number;
};

/** Takes from the table what may be judged: see `JudgedResults`. */
export function judgeableResults(table: ResultTable): Judged {
  const { repeats } = table.started.options;
  const columns = [...table.columns.values()];
  const isComplete = (_: string, sample: number): boolean =>
    columns.every((column) => {
      for (let r = 0; r < repeats; r++) if (column.state[sample * repeats + r] === ResultState.missing) return false;
      return true;
    });
  const complete = prefixLength(table.order, isComplete);
  const samples = Array.from({ length: complete }, (_, i) => i).filter((i) => (table.labels[i] ?? null) !== null);
  const names = namesOf(table, samples);
  const results: JudgedResults = {
    sampleIds: samples.map((i) => table.order[i] ?? ''),
    repeats,
    names: names.list,
    labelCount: names.labels,
    labelOf: Int32Array.from(samples, (i) => names.numberOf.get(table.labels[i] ?? '') ?? -1),
    hasClusters: samples.some((i) => table.clusters[i] !== null),
    clusters: clustersOf(samples.map((i) => table.clusters[i] ?? null)),
    variants: columns.map((column) => pick({ column, samples, repeats, codes: names.codes })),
  };
  return { results, complete, unlabelled: complete - samples.length };
}

/** Labels first, sorted by code units; then the other predictions in the order they came. `codes` leads from the table's numbers. */
function namesOf(table: ResultTable, samples: readonly number[]) {
  const labels = [...new Set(samples.map((i) => table.labels[i] ?? ''))].sort();
  const numberOf = new Map(labels.map((label, number) => [label, number]));
  const list = [...labels];
  const codes = Int32Array.from(table.texts, (text) => numberOf.get(text) ?? list.push(text) - 1);
  return { list, labels: labels.length, numberOf, codes };
}

/** A sample without a cluster is one by itself. */
function clustersOf(clusters: readonly (string | null)[]): JudgedResults['clusters'] {
  const numberOf = new Map<string, number>();
  let count = 0;
  const of = Int32Array.from(clusters, (cluster) => {
    if (cluster === null) return count++;
    const known = numberOf.get(cluster);
    if (known !== undefined) return known;
    numberOf.set(cluster, count);
    return count++;
  });
  return { of, count };
}

function pick(work: {
  readonly column: VariantColumn;
  readonly samples: readonly number[];
  readonly repeats: number;
  readonly codes: Int32Array;
}): VariantResults {
  const predictions = new Int32Array(work.samples.length * work.repeats);
  const correct = new Uint8Array(predictions.length);
  let failed = 0;
  work.samples.forEach((sample, i) => {
    for (let r = 0; r < work.repeats; r++) {
      const from = sample * work.repeats + r;
      const text = work.column.prediction[from] ?? -1;
      predictions[i * work.repeats + r] = text === -1 ? -1 : (work.codes[text] ?? -1);
      correct[i * work.repeats + r] = work.column.state[from] === ResultState.right ? 1 : 0;
      if (work.column.state[from] === ResultState.failed) failed++;
    }
  });
  return { predictions, correct, failed };
}

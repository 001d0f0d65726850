import type { JudgedResults, VariantResults } from './judged-results.ts';
import type { Metric } from './metric.ts';

/** Samples that a metric cannot tell apart, counted, and the metric's difference B − A for any such counts. */
export type PairedCells = {
  readonly cells: readonly number[];
  /** Null where the metric of A or B has nothing below the line. */
  readonly difference: (counts: Int32Array) => number | null;
};

type Pair = { readonly a: VariantResults; readonly b: VariantResults };
type OneLabel = Extract<Metric, { readonly label: string }>;

/** For one repeat. The order of cells depends on their counts and contents only. */
export const pairedCells = (results: JudgedResults, pair: Pair, metric: OneLabel | { readonly kind: 'macro-f1' }): PairedCells =>
  metric.kind === 'macro-f1' ? macroCells(results, pair) : labelCells(results, pair, metric);

/** Largest first, so that a draw is soon complete; then by key. */
function counted(keys: Iterable<number>): readonly (readonly [key: number, count: number])[] {
  const counts = new Map<number, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return [...counts].sort(([keyA, a], [keyB, b]) => b - a || keyA - keyB);
}

/** Of one label only matters whether a sample has it, and whether A and B said it: at most 8 cells. */
function labelCells(results: JudgedResults, { a, b }: Pair, metric: OneLabel): PairedCells {
  const label = results.names.indexOf(metric.label);
  const keys = Array.from(
    results.labelOf,
    (code, i) => (code === label ? 4 : 0) + (a.predictions[i] === label ? 2 : 0) + (b.predictions[i] === label ? 1 : 0),
  );
  const cells = counted(keys);
  const is = cells.map(([key]) => (key & 4) !== 0);
  const said = [2, 1].map((bit) => cells.map(([key]) => (key & bit) !== 0));
  const value = (counts: Int32Array, saidBy: readonly boolean[]): number | null => {
    let [both, isIt, saysIt] = [0, 0, 0];
    counts.forEach((count, c) => {
      if (is[c] === true) isIt += count;
      if (saidBy[c] === true) saysIt += count;
      if (is[c] === true && saidBy[c] === true) both += count;
    });
    const below = metric.kind === 'recall' ? isIt : metric.kind === 'precision' ? saysIt : (isIt + saysIt) / 2;
    return below === 0 ? null : both / below;
  };
  const difference = (counts: Int32Array): number | null => {
    const [ofA, ofB] = [value(counts, said[0] ?? []), value(counts, said[1] ?? [])];
    return ofA === null || ofB === null ? null : ofB - ofA;
  };
  return { cells: cells.map(([, count]) => count), difference };
}

/** Cells of (label, prediction of A, prediction of B); all predictions that are no label are one. */
function macroCells(results: JudgedResults, { a, b }: Pair): PairedCells {
  const width = results.labelCount + 1;
  const column = (prediction: number | undefined): number =>
    prediction === undefined || prediction < 0 || prediction >= results.labelCount ? results.labelCount : prediction;
  const keys = Array.from(results.labelOf, (label, i) => (label * width + column(a.predictions[i])) * width + column(b.predictions[i]));
  const cells = counted(keys);
  const label = cells.map(([key]) => Math.floor(key / (width * width)));
  const saidA = cells.map(([key]) => Math.floor(key / width) % width);
  const saidB = cells.map(([key]) => key % width);
  const sums = { is: new Float64Array(width), a: new Float64Array(width), b: new Float64Array(width) };
  const difference = (counts: Int32Array): number | null => {
    sums.is.fill(0);
    counts.forEach((count, c) => (sums.is[label[c] ?? 0] = (sums.is[label[c] ?? 0] ?? 0) + count));
    const ofA = meanF1({ counts, label, said: saidA, is: sums.is, sums: sums.a });
    const ofB = meanF1({ counts, label, said: saidB, is: sums.is, sums: sums.b });
    return ofA === null || ofB === null ? null : ofB - ofA;
  };
  return { cells: cells.map(([, count]) => count), difference };
}

/** Mean F1 over the labels that some drawn sample has. `sums` is working space. */
function meanF1(work: {
  readonly counts: Int32Array;
  readonly label: readonly number[];
  readonly said: readonly number[];
  readonly is: Float64Array;
  readonly sums: Float64Array;
}): number | null {
  // F1 of a label is 2 · hits / (is + said); its hits lie in several cells, whose shares of it add up.
  work.sums.fill(0);
  work.counts.forEach((count, c) => (work.sums[work.said[c] ?? 0] = (work.sums[work.said[c] ?? 0] ?? 0) + count));
  let [sum, labels] = [0, 0];
  work.counts.forEach((count, c) => {
    const label = work.label[c] ?? 0;
    if (work.said[c] === label && count > 0) sum += (2 * count) / ((work.is[label] ?? 0) + (work.sums[label] ?? 0));
  });
  for (let label = 0; label < work.is.length - 1; label++) if ((work.is[label] ?? 0) > 0) labels++;
  return labels === 0 ? null : sum / labels;
}

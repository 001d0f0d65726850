import type { VariantSummary } from '../../schemas/core.ts';

/** A row of a confusion matrix as it is shown. */
export type ConfusionRow = {
  readonly label: string;
  /** Predictions of the shown labels, in their order. */
  readonly cells: readonly number[];
  /** Predictions of labels that are not shown. */
  readonly hidden: number;
  /** Predictions that are no label of the samples. */
  readonly other: number;
  /** Results without a prediction. */
  readonly none: number;
  readonly total: number;
};

/** The first `most` labels as rows and columns. */
export function confusionRows(variant: VariantSummary, labels: readonly string[], most: number): readonly ConfusionRow[] {
  return labels.slice(0, most).map((label) => {
    const said = new Map(Object.entries(own(variant.confusion, label) ?? {}));
    const none = own(variant.unpredicted, label) ?? 0;
    const predicted = sumOf([...said.values()]);
    const cells = labels.map((name) => said.get(name) ?? 0);
    const other = predicted - sumOf(cells);
    return { label, cells: cells.slice(0, most), hidden: sumOf(cells.slice(most)), other, none, total: predicted + none };
  });
}

const sumOf = (numbers: readonly number[]): number => numbers.reduce((sum, n) => sum + n, 0);

/** The entry of a record, not what its prototype has: a label may be called "constructor". */
export const own = <T>(record: Readonly<Record<string, T>>, key: string): T | undefined =>
  Object.hasOwn(record, key) ? record[key] : undefined;

import type { EvaluationSummary, FailedResult } from '../../schemas/core.ts';
import type { ResultTable } from './result-table.ts';

/** Failed results listed in a summary. */
const FAILURES_LISTED = 100;

/** In the order of samples, then variants, then repeats. */
export function listFailures(table: ResultTable): EvaluationSummary['failures'] {
  const variantIndex = new Map([...table.columns.keys()].map((name, index) => [name, index]));
  const place = (failure: FailedResult): readonly number[] => [
    table.indexOf.get(failure.sampleId) ?? 0,
    variantIndex.get(failure.variant) ?? 0,
    failure.repeat,
  ];
  const sorted = table.failures
    .map((failure) => ({ failure, at: place(failure) }))
    .sort(({ at: a }, { at: b }) => a.map((x, i) => x - (b[i] ?? 0)).find((x) => x !== 0) ?? 0)
    .map(({ failure }) => failure);
  return { total: sorted.length, results: sorted.slice(0, FAILURES_LISTED), leftOut: Math.max(0, sorted.length - FAILURES_LISTED) };
}

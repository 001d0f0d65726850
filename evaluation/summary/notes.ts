import type { EvaluationDifference, VariantSummary } from '../../schemas/core.ts';
import { counted, grouped } from './number-text.ts';
import type { Judged } from './judge-results.ts';
import type { ResultTable } from './result-table.ts';

/** Below so many clusters the t interval is known to be too narrow (A. C. Cameron, D. L. Miller 2015, section VI). */
const FEW_CLUSTERS = 20;

/** A loss of 1 % is not seen at all in so many samples once in twenty times (3/n, J. Hanley, A. Lippman-Hand 1983). */
const FEW_DRAWN = 300;

/** What a reader must know to read the numbers right: what was noted at the start, then what the results show. */
export function notesOf(work: {
  readonly table: ResultTable;
  readonly judged: Judged;
  readonly variants: Readonly<Record<string, VariantSummary>>;
  readonly differences: readonly EvaluationDifference[];
}): readonly string[] {
  const { table, judged, variants, differences } = work;
  const notes = [...table.started.notes];
  if (judged.complete < table.order.length) {
    notes.push(
      `An early look: ${grouped(judged.complete)} of ${counted(table.order.length, 'sample')} have all results; they are the first of the seeded order. ` +
        'Looking early and stopping at a verdict one likes makes false verdicts more likely than 5 %.',
    );
  }
  if (judged.unlabelled > 0)
    notes.push(`${counted(judged.unlabelled, 'sample')} without a label ${judged.unlabelled === 1 ? 'was' : 'were'} left out.`);
  const { labelCount, sampleIds } = judged.results;
  if (sampleIds.length >= 20 && labelCount > sampleIds.length / 2) {
    notes.push(`There are ${grouped(labelCount)} labels for ${counted(sampleIds.length, 'sample')}: is the label column the right one?`);
  }
  if (table.repeated > 0) notes.push(`${counted(table.repeated, 'row')} repeated a result that was there; the first counts.`);
  for (const [name, { unpriced }] of Object.entries(variants)) {
    if (unpriced > 0) notes.push(`${counted(unpriced, 'result')} of ${name} made calls without a price; the cost leaves them out.`);
  }
  const clusters = differences.find((difference) => difference.clusters !== null && difference.low !== null)?.clusters ?? null;
  if (clusters !== null && clusters > 1 && clusters < FEW_CLUSTERS) {
    notes.push(
      `Only ${clusters} independent groups: below about ${FEW_CLUSTERS} the clustered interval is rough, and tends to be too narrow.`,
    );
  }
  for (const difference of differences) {
    if (difference.low !== null && difference.low === difference.high) {
      notes.push(
        `The interval of ${difference.variant} − ${difference.baseline} has no width, because nothing varied: it says nothing of samples not seen here.`,
      );
    }
  }
  for (const { metric, variant, test, low, n } of differences) {
    const decided = metric.startsWith('recall:') ? (variants[variant]?.classes[metric.slice('recall:'.length)]?.support ?? n) : n;
    if (test === 'paired-bootstrap' && low !== null && low >= 0 && decided < FEW_DRAWN) {
      notes.push(
        `Only ${counted(decided, 'sample')} ${decided === 1 ? 'decides' : 'decide'} ${metric}: drawing from so few cannot show a loss that none of them had.`,
      );
    }
  }
  if (differences.length > 1)
    notes.push('Each variant is compared with the baseline at 95 %; the intervals are not adjusted for their number.');
  return notes;
}

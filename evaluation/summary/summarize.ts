import { ErrorCode, RiskflowError, type EvaluationStarted, type EvaluationSummary, type VariantSummary } from '../../schemas/core.ts';
import { parseMetric, type Metric } from '../metrics/metric.ts';
import { compareWithBaseline } from './compare-variants.ts';
import { listFailures } from './failures.ts';
import { judgeableResults, type Judged } from './judge-results.ts';
import { notesOf } from './notes.ts';
import { addResult, openResultTable, type EvaluationResult, type ResultTable } from './result-table.ts';
import { summarizeVariant } from './variant-summary.ts';
import { worstVerdict } from './verdict.ts';

/** Of formulas and conventions: raised when the same rows would give other numbers. */
const STATISTICS_VERSION = 1;

/** What the rows do not say. */
export type SummaryOptions = {
  /** All sample ids of the set version as `seededOrder` gives them under the evaluation's seed. */
  readonly order: readonly string[];
  readonly status: EvaluationSummary['status'];
  /** Absolute path of the report, or null. */
  readonly report: string | null;
};

/**
 * What the results of an evaluation say: totals, metrics with intervals, differences to the baseline (the first variant),
 * flips and the verdict. Computed from the rows alone; their order does not matter. While rows are missing only the longest
 * complete beginning of the seeded order is judged.
 *
 * @throws RiskflowError `usage` for a metric that does not exist; `internal` for rows that are not of this evaluation.
 */
export function summarize(
  started: EvaluationStarted['data'],
  rows: Iterable<EvaluationResult>,
  options: SummaryOptions,
): EvaluationSummary {
  const table = openResultTable(started, options.order);
  for (const row of rows) addResult(table, row);
  return summarizeTable(table, options);
}

/** The same for rows that were added one by one with `addResult`, so that they can come from an asynchronous source. */
export function summarizeTable(table: ResultTable, options: Omit<SummaryOptions, 'order'>): EvaluationSummary {
  const { started } = table;
  const metric = metricOf(started.options.metric);
  const judged = judgeableResults(table);
  const labels = shownOrder(judged, started.options.positive);
  const variants = variantSummaries(table, judged, { metric, labels });
  const compared = started.variants.slice(1).map((_, index) => compareWithBaseline(table, judged, { metric, variant: index + 1 }));
  const differences = compared.map(({ difference }) => difference);
  const first = differences[0] ?? null;
  const verdict = worstVerdict(differences.map((difference) => difference.verdict));
  const listed = compared.flatMap(({ samples }) => samples);
  const flips = differences.reduce((sum, difference) => sum + difference.flips.gained + difference.flips.lost, 0);
  return {
    id: started.evaluationId,
    status: options.status,
    sampleSet: started.split === null ? started.set : `${started.set}@${started.split}`,
    sampleSetVersion: started.setVersion,
    n: judged.results.sampleIds.length,
    planned: table.order.length,
    unlabelled: judged.unlabelled,
    ...rulesOf(started),
    clusters: judged.results.hasClusters ? judged.results.clusters.count : null,
    labels: labelCounts(judged, labels),
    variants,
    difference: first,
    differences: Object.fromEntries(differences.map((difference) => [difference.variant, difference])),
    flips: { ...(first?.flips ?? { gained: 0, lost: 0 }), samples: listed, leftOut: flips - listed.length },
    failures: listFailures(table),
    verdict,
    sentence:
      differences.find((difference) => difference.verdict === verdict)?.sentence ?? 'There is only one variant: nothing was compared.',
    notes: notesOf({ table, judged, variants, differences }),
    report: options.report,
    statisticsVersion: STATISTICS_VERSION,
  };
}

function metricOf(text: string): Metric {
  const parsed = parseMetric(text);
  if (!parsed.ok) throw new RiskflowError(ErrorCode.usage, parsed.message, { hint: parsed.hint });
  return parsed.metric;
}

const rulesOf = ({ options }: EvaluationStarted['data']) => ({
  repeats: options.repeats,
  seed: options.seed,
  metric: options.metric,
  margin: options.margin,
  maxErrors: options.maxErrors,
  positive: options.positive,
});

/** Labels sorted, the positive one first. */
function shownOrder({ results }: Judged, positive: string | null): readonly string[] {
  const labels = results.names.slice(0, results.labelCount);
  return positive !== null && labels.includes(positive) ? [positive, ...labels.filter((label) => label !== positive)] : labels;
}

/** Samples by label, in the given order. */
function labelCounts({ results }: Judged, labels: readonly string[]): Readonly<Record<string, number>> {
  const counts = new Map(labels.map((label) => [label, 0]));
  for (const code of results.labelOf) {
    const label = results.names[code] ?? '';
    counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  return Object.fromEntries(counts);
}

function variantSummaries(
  table: ResultTable,
  { results }: Judged,
  shown: { readonly metric: Metric; readonly labels: readonly string[] },
): Readonly<Record<string, VariantSummary>> {
  const summaries = table.started.variants.map((variant, index): [string, VariantSummary] => {
    const [said, column] = [results.variants[index], table.columns.get(variant.name)];
    if (said === undefined || column === undefined) throw new RiskflowError(ErrorCode.internal, `two variants are named "${variant.name}"`);
    return [variant.name, summarizeVariant({ variant, results, said, usage: column.usage, ...shown })];
  });
  return Object.fromEntries(summaries);
}

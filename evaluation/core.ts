/** The evaluation room without the reports: what may enter the Temporal bundle. */
export { seededOrder } from './samples/seeded-order.ts';
export { completePrefix } from './samples/complete-prefix.ts';
export { splitSamples, type SplitResult } from './samples/split-samples.ts';
export type { SplitRow } from './samples/sample-groups.ts';
export { isCorrect, parseMetric, type Metric, type MetricResult } from './metrics/metric.ts';
export { addResult, openResultTable, type EvaluationResult, type ResultTable } from './summary/result-table.ts';
export { summarize, summarizeTable, type SummaryOptions } from './summary/summarize.ts';
export { exitCodeOfVerdict } from './summary/verdict.ts';

import type { EvaluationOptions } from '../../schemas/core.ts';
import { summarize } from '../summary/summarize.ts';
import { pairedRows, startedWith } from '../summary/test-evaluation.ts';
import type { ReportInput } from './report-input.ts';

/** A small evaluation with flips, an error and a free-text prediction, for tests of reports. */
export function reportInput(
  change: {
    readonly text?: string;
    readonly label?: string;
    readonly prediction?: string;
    readonly notes?: readonly string[];
    readonly options?: Partial<EvaluationOptions>;
    readonly variants?: readonly string[];
  } = {},
): ReportInput {
  const label = change.label ?? 'spam';
  const prediction = change.prediction ?? 'ham';
  const { order, rows } = pairedRows([
    [label, label, label, 150],
    ['ham', 'ham', 'ham', 120],
    [label, prediction, label, 20],
    ['ham', 'ham', prediction, 3],
    ['ham', 'ham', null, 1],
    ['ham', 'I cannot say', 'ham', 6],
  ]);
  const variants = change.variants ?? ['A', 'B'];
  const started = { ...startedWith({ positive: label, ...change.options }, variants), notes: change.notes ?? [] };
  const extra = variants.slice(2).flatMap((variant) => rows.filter((row) => row.variant === 'A').map((row) => ({ ...row, variant })));
  const own = rows.filter((row) => variants.includes(row.variant));
  return {
    summary: summarize(started, [...own, ...extra], { order, status: 'judged', report: null }),
    texts: new Map(order.map((id) => [id, change.text ?? `text of ${id}`])),
    set: { rows: order.length, duplicates: 2, rejected: 0, clusterField: null, textField: 'text', parent: null },
    createdAt: '2026-11-21 01:20 UTC',
    elapsedMs: 48_211,
    version: '0.1.0',
  };
}

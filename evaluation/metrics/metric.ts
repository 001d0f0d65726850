/** What variants are compared by. `recall`, `precision` and `f1` are of one label; `macro-f1` is the mean F1 of the samples' labels. */
export type Metric =
  { readonly kind: 'accuracy' } | { readonly kind: 'macro-f1' } | { readonly kind: 'recall' | 'precision' | 'f1'; readonly label: string };

export type MetricResult =
  { readonly ok: true; readonly metric: Metric } | { readonly ok: false; readonly message: string; readonly hint: string };

const HINT = 'use accuracy, macro-f1, recall:LABEL, precision:LABEL or f1:LABEL';

/**
 * Reads `accuracy`, `macro-f1`, `recall:L`, `precision:L` or `f1:L`; a label may contain colons. With `labels` (those of the
 * sample set) a label that no sample has is refused. What is wrong is said in one sentence.
 */
export function parseMetric(text: string, labels?: readonly string[]): MetricResult {
  if (text === 'accuracy' || text === 'macro-f1') return { ok: true, metric: { kind: text } };
  const colon = text.indexOf(':');
  const kind = colon === -1 ? text : text.slice(0, colon);
  if (kind !== 'recall' && kind !== 'precision' && kind !== 'f1') return { ok: false, message: `there is no metric "${text}"`, hint: HINT };
  const label = colon === -1 ? '' : text.slice(colon + 1);
  if (label === '') return { ok: false, message: `the metric ${kind} needs a label`, hint: `for example ${kind}:${labels?.[0] ?? 'spam'}` };
  if (labels !== undefined && !labels.includes(label)) {
    return { ok: false, message: `the metric ${text} names a label that no sample has`, hint: `the labels are ${listed(labels)}` };
  }
  return { ok: true, metric: { kind, label } };
}

/** How `parseMetric` reads it. */
export const metricText = (metric: Metric): string => ('label' in metric ? `${metric.kind}:${metric.label}` : metric.kind);

/** For sentences: `accuracy`, `recall of "spam"`. */
export function metricName(metric: Metric): string {
  if (metric.kind === 'accuracy') return 'accuracy';
  if (metric.kind === 'macro-f1') return 'macro F1';
  return `${metric.kind === 'f1' ? 'F1' : metric.kind} of "${metric.label}"`;
}

/** Whether a prediction is right: the same text as the label. No prediction and no label are never right. */
export const isCorrect = (label: string | null, prediction: string | null): boolean => label !== null && prediction === label;

const SHOWN = 12;
const listed = (labels: readonly string[]): string =>
  labels.slice(0, SHOWN).join(', ') + (labels.length > SHOWN ? ` and ${labels.length - SHOWN} more` : '');

import type { EvaluationOptions, EvaluationStarted, Variant } from '../../schemas/core.ts';
import type { EvaluationResult } from './result-table.ts';

/** Builders for tests of this room. */

const variantNamed = (name: string): Variant => ({
  name,
  flow: 'triage',
  flowVersion: name.repeat(64),
  fileName: `${name}.yml`,
  modelMap: {},
  pins: {},
  artifacts: {},
});

const OPTIONS: EvaluationOptions = {
  concurrency: 8,
  repeats: 1,
  metric: 'accuracy',
  margin: 0.01,
  maxErrors: 0.01,
  seed: 7,
  predict: null,
  positive: null,
  inputMap: {},
  reuse: true,
};

export const startedWith = (
  options: Partial<EvaluationOptions> = {},
  variants: readonly string[] = ['A', 'B'],
): EvaluationStarted['data'] => ({
  evaluationId: 'ev-1',
  set: 'sms',
  split: 'test',
  setVersion: 'f'.repeat(64),
  n: 0,
  variants: variants.map(variantNamed),
  options: { ...OPTIONS, ...options },
  notes: [],
  at: 1_790_000_000_000,
});

/** A result whose `correct` follows from label and prediction. The prediction null is an error. */
export function result(
  sampleId: string,
  variant: string,
  said: { readonly label: string; readonly prediction: string | null },
): EvaluationResult {
  return {
    sampleId,
    variant,
    repeat: 1,
    ...said,
    correct: said.prediction === said.label,
    error: said.prediction === null ? 'the model did not answer' : null,
    cluster: null,
    inputTokens: 10,
    outputTokens: 2,
    cost: 0.001,
    calls: 1,
    reused: 0,
    elapsedMs: 50,
  };
}

/** Rows of A and B from [label, prediction of A, prediction of B], each `times` times; and the order of their samples. */
export function pairedRows(patterns: readonly (readonly [label: string, a: string | null, b: string | null, times: number])[]): {
  readonly order: readonly string[];
  readonly rows: readonly EvaluationResult[];
} {
  const rows: EvaluationResult[] = [];
  const order: string[] = [];
  for (const [label, a, b, times] of patterns) {
    for (let i = 0; i < times; i++) {
      const id = `s${order.length}`;
      order.push(id);
      rows.push(result(id, 'A', { label, prediction: a }), result(id, 'B', { label, prediction: b }));
    }
  }
  return { order, rows };
}

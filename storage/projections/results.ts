import { defineTable, id, integer, nullable, real, text, workspaceId } from '../tables/table-spec.ts';
import { defineProjection } from './projection.ts';

export const resultsTable = defineTable({
  name: 'results',
  columns: {
    workspace_id: workspaceId,
    evaluation_id: id(190),
    sample_id: id(255),
    variant: id(128),
    repeat_no: integer,
    run_id: id(190),
    label: nullable(text),
    prediction: nullable(text),
    correct: integer,
    error: nullable(text),
    cluster: nullable(text),
    input_tokens: nullable(integer),
    output_tokens: nullable(integer),
    cost: nullable(real),
    calls: integer,
    reused: integer,
    elapsed_ms: real,
  },
  primaryKey: ['workspace_id', 'evaluation_id', 'sample_id', 'variant', 'repeat_no'],
});

/** Results of evaluations, by (sample, variant, repeat). */
export const results = defineProjection({
  name: 'results',
  log: 'ledger',
  table: resultsTable,
  on: {
    ResultRecorded: (data) => [
      {
        put: {
          evaluation_id: data.evaluationId,
          sample_id: data.sampleId,
          variant: data.variant,
          repeat_no: data.repeat,
          run_id: data.runId,
          label: data.label,
          prediction: data.prediction,
          correct: data.correct ? 1 : 0,
          error: data.error,
          cluster: data.cluster,
          input_tokens: data.usage.inputTokens,
          output_tokens: data.usage.outputTokens,
          cost: data.usage.cost,
          calls: data.usage.calls,
          reused: data.reused,
          elapsed_ms: data.elapsedMs,
        },
      },
    ],
  },
});

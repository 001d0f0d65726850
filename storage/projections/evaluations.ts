import { defineTable, id, integer, nullable, text, workspaceId } from '../tables/table-spec.ts';
import { defineProjection } from './projection.ts';

export const evaluationsTable = defineTable({
  name: 'evaluations',
  columns: {
    workspace_id: workspaceId,
    evaluation_id: id(190),
    set_name: id(180),
    split: nullable(id(190)),
    set_version: id(64),
    samples: integer,
    variants: text,
    options: text,
    notes: text,
    status: id(32),
    summary: nullable(text),
    created_at: integer,
    finished_at: nullable(integer),
    started_n: integer,
  },
  primaryKey: ['workspace_id', 'evaluation_id'],
});

/** Evaluations; their results are rows of their own, and counted when asked. */
export const evaluations = defineProjection({
  name: 'evaluations',
  log: 'ledger',
  table: evaluationsTable,
  on: {
    EvaluationStarted: (data, event) => [
      {
        put: {
          evaluation_id: data.evaluationId,
          set_name: data.set,
          split: data.split,
          set_version: data.setVersion,
          samples: data.n,
          variants: JSON.stringify(data.variants),
          options: JSON.stringify(data.options),
          notes: JSON.stringify(data.notes),
          status: 'running',
          summary: null,
          created_at: data.at,
          finished_at: null,
          started_n: event.position.n,
        },
      },
    ],
    EvaluationJudged: ({ evaluationId, summary, at }) => [
      {
        key: evaluationId,
        change: (before) =>
          before === undefined ? undefined : { ...before, status: 'judged', summary: JSON.stringify(summary), finished_at: at },
      },
    ],
  },
});

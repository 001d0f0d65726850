import { defineTable, id, integer, nullable, text, workspaceId } from '../tables/table-spec.ts';
import { defineProjection } from './projection.ts';

export const decisionsTable = defineTable({
  name: 'decisions',
  columns: {
    workspace_id: workspaceId,
    n: integer,
    decision_id: id(190),
    source_id: id(190),
    record_id: id(255),
    record_key: nullable(text),
    mode: id(32),
    replay: integer,
    flow: id(190),
    flow_version: id(64),
    run_id: id(190),
    status: id(32),
    label: nullable(text),
    outputs: id(64),
    error: nullable(text),
  },
  primaryKey: ['workspace_id', 'n'],
  indexes: [['workspace_id', 'source_id', 'n']],
});

/** What was decided about records; `n` is the decision's place in the ledger. */
export const decisions = defineProjection({
  name: 'decisions',
  log: 'ledger',
  table: decisionsTable,
  on: {
    DecisionMade: (data, event) => [
      {
        put: {
          n: event.position.n,
          decision_id: data.decisionId,
          source_id: data.sourceId,
          record_id: data.recordId,
          record_key: data.recordKey,
          mode: data.mode,
          replay: data.replay,
          flow: data.flow,
          flow_version: data.flowVersion,
          run_id: data.runId,
          status: data.status,
          label: data.label,
          outputs: data.outputs,
          error: data.error,
        },
      },
    ],
  },
});

import { defineTable, id, integer, nullable, text, workspaceId } from '../tables/table-spec.ts';
import { defineProjection } from './projection.ts';

export const disagreementsTable = defineTable({
  name: 'disagreements',
  columns: {
    workspace_id: workspaceId,
    n: integer,
    source_id: id(190),
    record_id: id(255),
    mode: id(32),
    replay: integer,
    flow: id(190),
    flow_version: id(64),
    decision_id: id(190),
    label: nullable(text),
    action: nullable(text),
    against_flow: id(190),
    against_version: id(64),
    against_decision: id(190),
    against_label: nullable(text),
    against_action: nullable(text),
    agrees: integer,
  },
  primaryKey: ['workspace_id', 'n'],
  indexes: [['workspace_id', 'source_id', 'mode', 'agrees', 'n']],
});

/** Every decision that was held against another one about the same record; `agrees` is 1 where label and action are equal. */
export const disagreements = defineProjection({
  name: 'disagreements',
  log: 'ledger',
  table: disagreementsTable,
  on: {
    DecisionMade: (data, event) => {
      const { against } = data;
      if (against === null) return [];
      return [
        {
          put: {
            n: event.position.n,
            source_id: data.sourceId,
            record_id: data.recordId,
            mode: data.mode,
            replay: data.replay,
            flow: data.flow,
            flow_version: data.flowVersion,
            decision_id: data.decisionId,
            label: data.label,
            action: data.action,
            against_flow: against.flow,
            against_version: against.flowVersion,
            against_decision: against.decisionId,
            against_label: against.label,
            against_action: against.action,
            agrees: data.label === against.label && data.action === against.action ? 1 : 0,
          },
        },
      ];
    },
  },
});

import { defineTable, id, integer, text, workspaceId } from '../tables/table-spec.ts';
import { defineProjection } from './projection.ts';

export const modelsTable = defineTable({
  name: 'models',
  columns: {
    workspace_id: workspaceId,
    n: integer,
    model: id(190),
    artifact: id(64),
    set_name: id(180),
    set_version: id(64),
    split: id(190),
    row_count: integer,
    metrics: text,
  },
  primaryKey: ['workspace_id', 'n'],
  indexes: [['workspace_id', 'model', 'n']],
});

/** Trained classifiers: every artifact of every model. */
export const models = defineProjection({
  name: 'models',
  log: 'ledger',
  table: modelsTable,
  on: {
    ModelTrained: (data, event) => [
      {
        put: {
          n: event.position.n,
          model: data.model,
          artifact: data.artifact,
          set_name: data.set,
          set_version: data.setVersion,
          split: data.split,
          row_count: data.rows,
          metrics: JSON.stringify(data.metrics),
        },
      },
    ],
  },
});

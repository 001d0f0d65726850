import { defineTable, id, integer, nullable, text, workspaceId } from '../tables/table-spec.ts';
import { defineProjection } from './projection.ts';

export const flowVersionsTable = defineTable({
  name: 'flow_versions',
  columns: {
    workspace_id: workspaceId,
    n: integer,
    flow: id(190),
    version: id(64),
    meaning_hash: id(64),
    mode: id(64),
    dsl_version: id(64),
    definition: id(64),
    warnings: text,
    file_name: nullable(text),
  },
  primaryKey: ['workspace_id', 'n'],
  indexes: [
    ['workspace_id', 'flow', 'n'],
    ['workspace_id', 'version', 'n'],
  ],
});

/** Every published version; `n` is its place in the ledger. */
export const flowVersions = defineProjection({
  name: 'flow_versions',
  log: 'ledger',
  table: flowVersionsTable,
  on: {
    FlowVersionPublished: (data, event) => [
      {
        put: {
          n: event.position.n,
          flow: data.flow,
          version: data.version,
          meaning_hash: data.meaningHash,
          mode: data.mode,
          dsl_version: data.dslVersion,
          definition: data.definition,
          warnings: JSON.stringify(data.warnings),
          file_name: data.fileName,
        },
      },
    ],
  },
});

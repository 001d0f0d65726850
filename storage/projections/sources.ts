import { defineTable, id, integer, nullable, text, workspaceId } from '../tables/table-spec.ts';
import { defineProjection } from './projection.ts';

export const sourcesTable = defineTable({
  name: 'sources',
  columns: {
    workspace_id: workspaceId,
    source_id: id(190),
    kind: id(64),
    location: text,
    flow: id(190),
    flow_version: nullable(id(64)),
    key_field: nullable(text),
    query_field: nullable(text),
    input_map: text,
    on_duplicate_key: id(32),
    incarnation: integer,
  },
  primaryKey: ['workspace_id', 'source_id'],
});

/** A source begins with this incarnation of its log. */
const FIRST_INCARNATION = 1;

export const sources = defineProjection({
  name: 'sources',
  log: 'ledger',
  table: sourcesTable,
  on: {
    SourceCreated: (data) => [
      {
        put: {
          source_id: data.sourceId,
          kind: data.kind,
          location: data.location,
          flow: data.flow,
          flow_version: data.flowVersion,
          key_field: data.keyField,
          query_field: data.queryField,
          input_map: JSON.stringify(data.inputMap),
          on_duplicate_key: data.onDuplicateKey,
          incarnation: FIRST_INCARNATION,
        },
      },
    ],
    SourceIncarnationRaised: ({ sourceId, incarnation }) => [
      { key: sourceId, change: (before) => (before === undefined ? undefined : { ...before, incarnation }) },
    ],
  },
});

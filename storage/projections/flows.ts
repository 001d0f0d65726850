import { defineTable, id, integer, workspaceId } from '../tables/table-spec.ts';
import { defineProjection } from './projection.ts';

export const flowsTable = defineTable({
  name: 'flows',
  columns: { workspace_id: workspaceId, flow: id(190), latest_version: id(64), versions: integer, mode: id(64) },
  primaryKey: ['workspace_id', 'flow'],
  small: true,
});

/** Flows with their latest version. */
export const flows = defineProjection({
  name: 'flows',
  log: 'ledger',
  table: flowsTable,
  on: {
    FlowVersionPublished: ({ flow, version, mode }) => [
      { key: flow, change: (before) => ({ flow, latest_version: version, versions: (before?.versions ?? 0) + 1, mode }) },
    ],
  },
});

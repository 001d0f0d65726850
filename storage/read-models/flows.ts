import type { FlowVersionRow, ReadModels } from '../../schemas/core.ts';
import type { Database } from '../database.ts';
import { decodeJson } from '../json-codec.ts';
import type { flowVersionsTable } from '../projections/flow-versions.ts';
import type { RowOf } from '../tables/table-spec.ts';

/** By name. */
export function readFlows({ read }: Database): ReadModels['flows'] {
  return async (workspaceId) => {
    const rows = await read.selectFrom('flows').selectAll().where('workspace_id', '=', workspaceId).orderBy('flow').execute();
    return rows.map((row) => ({ flow: row.flow, latestVersion: row.latest_version, versions: row.versions, mode: row.mode }));
  };
}

/** Oldest first. */
export function readFlowVersions({ read }: Database): ReadModels['flowVersions'] {
  return async (workspaceId, flow) => {
    const query = read.selectFrom('flow_versions').selectAll().where('workspace_id', '=', workspaceId).where('flow', '=', flow);
    return (await query.orderBy('n').execute()).map(toFlowVersion);
  };
}

/** Of flows that have the same content, the one that had it first. */
export function readFlowVersion({ read }: Database): ReadModels['flowVersion'] {
  return async (workspaceId, version) => {
    const query = read.selectFrom('flow_versions').selectAll().where('workspace_id', '=', workspaceId).where('version', '=', version);
    const row = await query.orderBy('n').limit(1).executeTakeFirst();
    return row === undefined ? undefined : toFlowVersion(row);
  };
}

const toFlowVersion = (row: RowOf<typeof flowVersionsTable>): FlowVersionRow => ({
  flow: row.flow,
  version: row.version,
  meaningHash: row.meaning_hash,
  mode: row.mode,
  dslVersion: row.dsl_version,
  definition: row.definition,
  warnings: decodeJson(row.warnings) as readonly string[],
  fileName: row.file_name,
  n: row.n,
});

import type { EventStore, RunMode, RunStatus, RunStatusChange } from '../../schemas/core.ts';
import type { Database } from '../database.ts';
import { prepareQuery } from '../prepared-query.ts';
import type { runStatusTable } from '../tables/primary-tables.ts';
import type { RowOf } from '../tables/table-spec.ts';

const DEFAULT_LIMIT = 1000;

export function readRunStatus(database: Database): EventStore['runStatus'] {
  const query = prepareQuery<{ readonly workspaceId: string; readonly runId: string }>()((p) =>
    database.read.selectFrom('run_status').selectAll().where('workspace_id', '=', p.workspaceId).where('run_id', '=', p.runId),
  );
  return async (workspaceId, runId) => {
    const row = await query.first(database.read, { workspaceId, runId });
    return row === undefined ? undefined : toChange(row);
  };
}

/** Runs with status running, oldest first. */
export function readUnfinishedRuns(database: Database): EventStore['unfinishedRuns'] {
  return async (workspaceId, { resource, mode, limit = DEFAULT_LIMIT } = {}) => {
    let query = database.read.selectFrom('run_status').selectAll().where('workspace_id', '=', workspaceId).where('status', '=', 'running');
    if (resource !== undefined) query = query.where('resource', '=', resource);
    if (mode !== undefined) query = query.where('mode', '=', mode);
    const rows = await query.orderBy('since').orderBy('run_id').limit(limit).execute();
    return rows.map((row) => ({ ...toChange(row), since: row.since }));
  };
}

const toChange = (row: RowOf<typeof runStatusTable>): RunStatusChange => ({
  runId: row.run_id,
  flow: row.flow,
  flowVersion: row.flow_version,
  mode: row.mode as RunMode,
  status: row.status as RunStatus,
  resource: row.resource,
});

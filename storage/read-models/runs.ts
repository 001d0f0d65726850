import type { ReadModels, RunRow } from '../../schemas/core.ts';
import type { Database } from '../database.ts';

/** Newest first. */
export function readRuns({ read }: Database): ReadModels['runs'] {
  return async (workspaceId, { limit }) => {
    const query = read.selectFrom('runs').selectAll().where('workspace_id', '=', workspaceId);
    const rows = await query.orderBy('started_n', 'desc').limit(limit).execute();
    return rows.map((row): RunRow => ({
      runId: row.run_id,
      flow: row.flow,
      flowVersion: row.flow_version,
      mode: row.mode,
      status: row.status,
      totalSteps: row.total_steps,
      startedAt: row.started_at,
      finishedAt: row.finished_at,
      error: row.error,
    }));
  };
}

import type { AlertRow, ReadModels } from '../../schemas/core.ts';
import type { Database } from '../database.ts';
import { decodeJson } from '../json-codec.ts';
import type { alertsTable } from '../projections/alerts.ts';
import type { RowOf } from '../tables/table-spec.ts';

/** Newest first; those after a place, oldest first. */
export function readAlerts({ read }: Database): ReadModels['alerts'] {
  return async (workspaceId, { sourceId, open = false, before, after, limit }) => {
    let query = read.selectFrom('alerts').selectAll().where('workspace_id', '=', workspaceId);
    if (sourceId !== undefined) query = query.where('source_id', '=', sourceId);
    if (open) query = query.where('cleared_at', 'is', null);
    if (before !== undefined) query = query.where('n', '<', before);
    if (after !== undefined) query = query.where('n', '>', after);
    return (
      await query
        .orderBy('n', after === undefined ? 'desc' : 'asc')
        .limit(limit)
        .execute()
    ).map(toAlert);
  };
}

export function readAlert({ read }: Database): ReadModels['alert'] {
  return async (workspaceId, alertId) => {
    const row = await read
      .selectFrom('alerts')
      .selectAll()
      .where('workspace_id', '=', workspaceId)
      .where('alert_id', '=', alertId)
      .executeTakeFirst();
    return row === undefined ? undefined : toAlert(row);
  };
}

const toAlert = (row: RowOf<typeof alertsTable>): AlertRow => ({
  n: row.n,
  alertId: row.alert_id,
  sourceId: row.source_id,
  rule: row.rule,
  by: row.grouped_by as AlertRow['by'],
  subject: row.subject,
  category: row.category,
  windowStart: row.window_start,
  windowEnd: row.window_end,
  evidence: decodeJson(row.evidence) as AlertRow['evidence'],
  needed: row.needed,
  topSubjects: decodeJson(row.top_subjects) as AlertRow['topSubjects'],
  arrival: row.arrival,
  corrected: row.corrected === null ? null : (decodeJson(row.corrected) as AlertRow['evidence']),
  clearedAt: row.cleared_at,
  clearedBecause: row.cleared_because as AlertRow['clearedBecause'],
  peak: row.peak,
});

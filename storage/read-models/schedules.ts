import type { OccurrenceRow, ReadModels, ScheduleRow, ScheduleSettings } from '../../schemas/core.ts';
import type { Database } from '../database.ts';
import { decodeJson } from '../json-codec.ts';

/** By name, those that were deleted too. */
export function readSchedules({ read }: Database): ReadModels['schedules'] {
  return async (workspaceId) => {
    const rows = await read.selectFrom('schedules').selectAll().where('workspace_id', '=', workspaceId).orderBy('schedule').execute();
    return rows.map((row): ScheduleRow => ({
      schedule: row.schedule,
      settings: decodeJson(row.settings) as ScheduleSettings,
      state: row.state as ScheduleRow['state'],
      note: row.note,
      createdAt: row.created_at,
      considered: row.considered,
      missed: row.missed,
      lastMissed: row.last_missed,
    }));
  };
}

/** Newest first. */
export function readScheduleOccurrences({ read }: Database): ReadModels['scheduleOccurrences'] {
  return async (workspaceId, { schedule, open = false, limit }) => {
    let query = read.selectFrom('schedule_occurrences').selectAll().where('workspace_id', '=', workspaceId);
    if (schedule !== undefined) query = query.where('schedule', '=', schedule);
    if (open) query = query.where('is_open', '=', 1);
    const rows = await query.orderBy('scheduled_for', 'desc').orderBy('occurrence_id').limit(limit).execute();
    return rows.map((row): OccurrenceRow => ({
      occurrenceId: row.occurrence_id,
      schedule: row.schedule,
      scheduledFor: row.scheduled_for,
      triggered: row.triggered === 1,
      status: row.status as OccurrenceRow['status'],
      workId: row.work_id,
      detail: row.detail,
      startedAt: row.started_at,
      finishedAt: row.finished_at,
    }));
  };
}

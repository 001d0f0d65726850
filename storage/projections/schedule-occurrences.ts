import { defineTable, id, integer, nullable, text, workspaceId } from '../tables/table-spec.ts';
import { defineProjection } from './projection.ts';

export const scheduleOccurrencesTable = defineTable({
  name: 'schedule_occurrences',
  columns: {
    workspace_id: workspaceId,
    occurrence_id: id(190),
    schedule: id(120),
    scheduled_for: integer,
    triggered: integer,
    status: id(32),
    /** 1 until it is over. */
    is_open: integer,
    work_id: id(190),
    detail: nullable(text),
    started_at: nullable(integer),
    finished_at: nullable(integer),
  },
  primaryKey: ['workspace_id', 'occurrence_id'],
  indexes: [
    ['workspace_id', 'schedule', 'scheduled_for'],
    ['workspace_id', 'is_open'],
  ],
});

/** Occurrences of schedules that began, wait or were skipped. The missed ones are counted with their schedule. */
export const scheduleOccurrences = defineProjection({
  name: 'schedule_occurrences',
  log: 'ledger',
  table: scheduleOccurrencesTable,
  on: {
    // What Temporal begins appears when it has begun: it chooses the time.
    ScheduleTriggered: ({ schedule, occurrenceId, scheduledFor, keeper }) =>
      keeper === 'temporal'
        ? []
        : [
            {
              put: {
                occurrence_id: occurrenceId,
                schedule,
                scheduled_for: scheduledFor,
                triggered: 1,
                status: 'asked',
                is_open: 1,
                work_id: '',
                detail: null,
                started_at: null,
                finished_at: null,
              },
            },
          ],
    ScheduleOccurred: ({ schedule, occurrenceId, scheduledFor, outcome, triggered, workId, reason, at }) => [
      {
        put: {
          occurrence_id: occurrenceId,
          schedule,
          scheduled_for: scheduledFor,
          triggered: triggered ? 1 : 0,
          status: outcome === 'started' ? 'running' : outcome,
          is_open: outcome === 'skipped' ? 0 : 1,
          work_id: workId,
          detail: reason,
          started_at: outcome === 'started' ? at : null,
          finished_at: outcome === 'skipped' ? at : null,
        },
      },
    ],
    ScheduleOccurrenceEnded: ({ occurrenceId, status, detail, at }) => [
      {
        key: occurrenceId,
        change: (before) => (before === undefined ? undefined : { ...before, status, is_open: 0, detail, finished_at: at }),
      },
    ],
  },
});

import { defineTable, id, integer, nullable, text, workspaceId } from '../tables/table-spec.ts';
import { defineProjection } from './projection.ts';

export const schedulesTable = defineTable({
  name: 'schedules',
  columns: {
    workspace_id: workspaceId,
    schedule: id(120),
    settings: text,
    state: id(16),
    note: nullable(text),
    created_at: integer,
    considered: integer,
    missed: integer,
    last_missed: nullable(integer),
  },
  primaryKey: ['workspace_id', 'schedule'],
});

/** Schedules as they stand. `considered` is the time up to which occurrences are dealt with: it never goes back. */
export const schedules = defineProjection({
  name: 'schedules',
  log: 'ledger',
  table: schedulesTable,
  on: {
    ScheduleCreated: ({ schedule, settings, paused, at }) => [
      {
        put: {
          schedule,
          settings: JSON.stringify(settings),
          state: paused ? 'paused' : 'active',
          note: null,
          created_at: at,
          considered: at,
          missed: 0,
          last_missed: null,
        },
      },
    ],
    SchedulePaused: ({ schedule, note }) => [
      { key: schedule, change: (before) => (before === undefined ? undefined : { ...before, state: 'paused', note }) },
    ],
    ScheduleResumed: ({ schedule, at }) => [
      {
        key: schedule,
        change: (before) =>
          before === undefined ? undefined : { ...before, state: 'active', note: null, considered: Math.max(before.considered, at) },
      },
    ],
    ScheduleDeleted: ({ schedule }) => [
      { key: schedule, change: (before) => (before === undefined ? undefined : { ...before, state: 'deleted' }) },
    ],
    ScheduleOccurred: ({ schedule, scheduledFor, triggered }) => [
      {
        key: schedule,
        change: (before) =>
          before === undefined || triggered ? undefined : { ...before, considered: Math.max(before.considered, scheduledFor) },
      },
    ],
    ScheduleOccurrencesMissed: ({ schedule, last, count }) => [
      {
        key: schedule,
        change: (before) =>
          before === undefined
            ? undefined
            : { ...before, considered: Math.max(before.considered, last), missed: before.missed + count, last_missed: last },
      },
    ],
  },
});

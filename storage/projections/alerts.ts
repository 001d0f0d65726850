import { defineTable, id, integer, nullable, text, workspaceId } from '../tables/table-spec.ts';
import { defineProjection } from './projection.ts';

export const alertsTable = defineTable({
  name: 'alerts',
  columns: {
    workspace_id: workspaceId,
    alert_id: id(64),
    n: integer,
    source_id: id(190),
    rule: id(64),
    grouped_by: id(32),
    subject: nullable(text),
    category: nullable(text),
    window_start: integer,
    window_end: integer,
    evidence: text,
    needed: integer,
    top_subjects: text,
    arrival: integer,
    corrected: nullable(text),
    cleared_at: nullable(integer),
    cleared_because: nullable(id(32)),
    peak: nullable(integer),
  },
  primaryKey: ['workspace_id', 'alert_id'],
  indexes: [
    ['workspace_id', 'n'],
    ['workspace_id', 'source_id', 'n'],
  ],
});

/** Alerts as they stand; `n` is the place in the ledger where each was raised. */
export const alerts = defineProjection({
  name: 'alerts',
  log: 'ledger',
  table: alertsTable,
  on: {
    AlertRaised: (data, event) => [
      {
        put: {
          alert_id: data.alertId,
          n: event.position.n,
          source_id: data.sourceId,
          rule: data.rule,
          grouped_by: data.by,
          subject: data.subject,
          category: data.category,
          window_start: data.windowStart,
          window_end: data.windowEnd,
          evidence: JSON.stringify(data.evidence),
          needed: data.needed,
          top_subjects: JSON.stringify(data.topSubjects),
          arrival: data.arrival,
          corrected: null,
          cleared_at: null,
          cleared_because: null,
          peak: null,
        },
      },
    ],
    AlertCleared: ({ alertId, windowEnd, reason, peak }) => [
      {
        key: alertId,
        change: (before) => (before === undefined ? undefined : { ...before, cleared_at: windowEnd, cleared_because: reason, peak }),
      },
    ],
    WindowCorrected: ({ alertId, evidence }) =>
      alertId === null
        ? []
        : [{ key: alertId, change: (before) => (before === undefined ? undefined : { ...before, corrected: JSON.stringify(evidence) }) }],
  },
});

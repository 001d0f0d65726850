import { defineTable, id, integer, nullable, text, workspaceId } from '../tables/table-spec.ts';
import { defineProjection } from './projection.ts';

export const runsTable = defineTable({
  name: 'runs',
  columns: {
    workspace_id: workspaceId,
    stream: id(190),
    run_id: id(190),
    flow: id(190),
    flow_version: id(64),
    mode: id(32),
    status: id(32),
    total_steps: integer,
    started_at: integer,
    finished_at: nullable(integer),
    error: nullable(text),
    started_n: integer,
  },
  primaryKey: ['workspace_id', 'stream'],
  indexes: [['workspace_id', 'started_n']],
});

/** Runs from their first and last events. The last one does not name the run; its stream does. */
export const runs = defineProjection({
  name: 'runs',
  log: 'runs-0',
  table: runsTable,
  on: {
    RunStarted: (data, event) => [
      {
        put: {
          stream: event.stream,
          run_id: data.runId,
          flow: data.flow,
          flow_version: data.flowVersion,
          mode: data.mode,
          status: 'running',
          total_steps: 0,
          started_at: data.at,
          finished_at: null,
          error: null,
          started_n: event.position.n,
        },
      },
    ],
    RunPaused: (_, { stream }) => [
      { key: stream, change: (before) => (before === undefined ? undefined : { ...before, status: 'paused' }) },
    ],
    RunResumed: (_, { stream }) => [
      { key: stream, change: (before) => (before === undefined ? undefined : { ...before, status: 'running' }) },
    ],
    RunFinished: ({ status, totalSteps, error, at }, { stream }) => [
      {
        key: stream,
        change: (before) => (before === undefined ? undefined : { ...before, status, total_steps: totalSteps, finished_at: at, error }),
      },
    ],
  },
});

import type { LogName, WorkspaceId } from '../../schemas/core.ts';
import type { Database, Executor } from '../database.ts';
import { prepareQuery } from '../prepared-query.ts';

/** Number of the last event of a log; 0 when empty. */
export function readHead(database: Database): (on: Executor, workspaceId: WorkspaceId, log: LogName) => Promise<number> {
  const query = prepareQuery<{ readonly workspaceId: string; readonly log: string }>()((p) =>
    database.read.selectFrom('counters').select('n').where('workspace_id', '=', p.workspaceId).where('name', '=', p.log),
  );
  return async (on, workspaceId, log) => (await query.first(on, { workspaceId, log }))?.n ?? 0;
}

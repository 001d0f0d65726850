import type { WorkspaceId } from '../../schemas/core.ts';
import type { Database } from '../database.ts';
import { prepareQuery } from '../prepared-query.ts';

/** What the taker of a claim said, if it is taken. */
export function readClaim(database: Database): (workspaceId: WorkspaceId, scope: string, key: string) => Promise<string | undefined> {
  const query = prepareQuery<{ readonly workspaceId: string; readonly scope: string; readonly key: string }>()((p) =>
    database.read
      .selectFrom('claims')
      .select('value')
      .where('workspace_id', '=', p.workspaceId)
      .where('scope', '=', p.scope)
      .where('claim_key', '=', p.key),
  );
  return async (workspaceId, scope, key) => (await query.first(database.read, { workspaceId, scope, key }))?.value;
}

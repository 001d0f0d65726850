import type { LogName, RelayPart, RelayStore, WorkspaceId } from '../../schemas/core.ts';
import type { Database, Executor } from '../database.ts';
import { checkId } from '../ids.ts';
import { rowInserter } from '../insert-rows.ts';
import { rowsOf } from '../prepared-query.ts';
import { relayCursorsTable } from '../tables/primary-tables.ts';
import type { RowOf } from '../tables/table-spec.ts';

type CursorRow = RowOf<typeof relayCursorsTable>;

const ONE = 'select * from relay_cursors where workspace_id = ? and relay = ? and part = ? and log = ?';
const keyOf = (workspaceId: WorkspaceId, { relay, part, log }: RelayPart): readonly (string | number)[] => [workspaceId, relay, part, log];

export function readRelayCursor(database: Database): RelayStore['cursor'] {
  return async (workspaceId, part) => (await rowsOf<CursorRow>(database.read, ONE, keyOf(workspaceId, part)))[0]?.n;
}

export function readRelayCursors(database: Database): RelayStore['cursors'] {
  const text =
    'select relay, part, log, n from relay_cursors where workspace_id = ? and relay >= ? and relay < ? order by relay, log, part';
  return async (workspaceId, folder) => {
    // The character after "/" ends the folder.
    const rows = await rowsOf<CursorRow>(database.read, text, [workspaceId, folder, `${folder.slice(0, -1)}0`]);
    return rows.map(({ relay, part, log, n }) => ({ relay, part, log: log as LogName, n }));
  };
}

/** The lease stays locked until the cursor has moved: nobody takes it over in between. */
export function advanceRelay(database: Database): RelayStore['advance'] {
  const set = rowInserter(database.dialect, relayCursorsTable, { onTaken: 'replace' });
  return async (workspaceId, { fence, n, ...part }) => {
    checkId('the workspace', workspaceId, 64);
    checkId('the relay', part.relay, 190);
    return database.transaction(async (trx) => {
      const lease = await readLease(trx, { database, workspaceId, resource: fence.resource });
      if (lease?.owner !== fence.owner || lease.fence !== fence.fence) return false;
      const [row] = await rowsOf<CursorRow>(trx, ONE + database.dialect.lockRows, keyOf(workspaceId, part));
      if (row !== undefined && row.n >= n) return true;
      await set(trx, [{ workspace_id: workspaceId, ...part, n, fence: fence.fence }]);
      return true;
    });
  };
}

type LeaseState = { readonly owner: string; readonly fence: number };

async function readLease(
  trx: Executor,
  { database, workspaceId, resource }: { readonly database: Database; readonly workspaceId: WorkspaceId; readonly resource: string },
): Promise<LeaseState | undefined> {
  const text = `select owner, fence from leases where workspace_id = ? and resource = ?${database.dialect.shareRows}`;
  return (await rowsOf<LeaseState>(trx, text, [workspaceId, resource]))[0];
}

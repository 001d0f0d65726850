import type { LeaseStore } from '../../schemas/core.ts';
import type { Database } from '../database.ts';
import { prepareQuery } from '../prepared-query.ts';

type Held = { readonly workspaceId: string; readonly resource: string; readonly owner: string; readonly fence: number };

/** Moves the end of a lease that is still ours; an expired one too, as long as nobody took it. */
export function renewLease(database: Database): LeaseStore['renew'] {
  const query = prepareQuery<Held & { readonly expiresAt: number }>()((p) =>
    database.read
      .updateTable('leases')
      .set({ expires_at: p.expiresAt })
      .where('workspace_id', '=', p.workspaceId)
      .where('resource', '=', p.resource)
      .where('owner', '=', p.owner)
      .where('fence', '=', p.fence),
  );
  return async (workspaceId, fence, { now, ttlMs }) => {
    const held = { workspaceId, resource: fence.resource, owner: fence.owner, fence: fence.fence, expiresAt: now + ttlMs };
    return (await database.transaction((trx) => query.change(trx, held))) > 0;
  };
}

/** Gives up a lease that is still ours. */
export function releaseLease(database: Database): LeaseStore['release'] {
  const query = prepareQuery<Held>()((p) =>
    database.read
      .updateTable('leases')
      .set({ owner: '', expires_at: 0 })
      .where('workspace_id', '=', p.workspaceId)
      .where('resource', '=', p.resource)
      .where('owner', '=', p.owner)
      .where('fence', '=', p.fence),
  );
  return async (workspaceId, fence) => {
    const held = { workspaceId, resource: fence.resource, owner: fence.owner, fence: fence.fence };
    await database.transaction((trx) => query.change(trx, held));
  };
}

/** Who holds a lease, expired or not; nobody after a release. */
export function readLease(database: Database): LeaseStore['read'] {
  const query = prepareQuery<{ readonly workspaceId: string; readonly resource: string }>()((p) =>
    database.read.selectFrom('leases').selectAll().where('workspace_id', '=', p.workspaceId).where('resource', '=', p.resource),
  );
  return async (workspaceId, resource) => {
    const row = await query.first(database.read, { workspaceId, resource });
    if (row === undefined || row.owner === '') return undefined;
    return { owner: row.owner, host: row.host, boot: row.boot, pid: row.pid, until: row.expires_at, fence: row.fence };
  };
}

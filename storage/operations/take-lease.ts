import type { LeaseOwner, LeaseStore } from '../../schemas/core.ts';
import type { Database, Executor } from '../database.ts';
import { checkId } from '../ids.ts';
import { rowInserter } from '../insert-rows.ts';
import { rowsOf } from '../prepared-query.ts';
import { leasesTable } from '../tables/primary-tables.ts';
import type { RowOf } from '../tables/table-spec.ts';

type LeaseRow = RowOf<typeof leasesTable>;

/**
 * Takes a lease that is free, expired, or whose owner on this host is dead. Every taking raises the fence by one, also by the
 * same owner again, whose earlier fence is stale from then on.
 */
export function takeLease(database: Database): LeaseStore['take'] {
  const insert = rowInserter(database.dialect, leasesTable, { onTaken: 'fail' });
  const replace = rowInserter(database.dialect, leasesTable, { onTaken: 'replace' });
  return async (workspaceId, resource, owner, { now, ttlMs, isDead }) => {
    checkOwner(workspaceId, resource, owner);
    // Most are nobody's yet. A duplicate makes the transaction run again.
    let look = database.dialect.looksAreFree;
    return database.transaction(async (trx) => {
      const row = look ? await readForUpdate(database, trx, workspaceId, resource) : undefined;
      look = true;
      const free = row === undefined || row.owner === '' || row.expires_at <= now || (row.host === owner.host && isDead(toOwner(row)));
      if (!free) return { status: 'held', by: toOwner(row), until: row.expires_at };
      const fence = (row?.fence ?? 0) + 1;
      const taken: LeaseRow = { workspace_id: workspaceId, resource, ...pickOwner(owner), fence, expires_at: now + ttlMs };
      await (row === undefined ? insert : replace)(trx, [taken]);
      return { status: 'taken', fence: { resource, owner: owner.owner, fence } };
    });
  };
}

const pickOwner = ({ owner, host, boot, pid }: LeaseOwner): LeaseOwner => ({ owner, host, boot, pid });
const toOwner = (row: LeaseRow): LeaseOwner => pickOwner(row);

async function readForUpdate(database: Database, trx: Executor, workspaceId: string, resource: string): Promise<LeaseRow | undefined> {
  const text = `select * from leases where workspace_id = ? and resource = ?${database.dialect.lockRows}`;
  return (await rowsOf<LeaseRow>(trx, text, [workspaceId, resource]))[0];
}

function checkOwner(workspaceId: string, resource: string, owner: LeaseOwner): void {
  checkId('the workspace', workspaceId, 64);
  checkId('the resource', resource, 190);
  if (checkId('the owner', owner.owner, 190) === '') throw new TypeError('the owner of a lease has no name');
  checkId('the host', owner.host, 255);
  checkId('the boot', owner.boot, 190);
}

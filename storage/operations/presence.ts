import { RiskflowError, type LeaseOwner, type PresenceStore } from '../../schemas/core.ts';
import type { Database, Executor } from '../database.ts';
import { checkId } from '../ids.ts';
import { rowInserter } from '../insert-rows.ts';
import { execute, rowsOf } from '../prepared-query.ts';
import { isDead } from '../process-identity.ts';
import { leasesTable } from '../tables/primary-tables.ts';

/** Presences are leases that nobody else wants: `process/ROLE/OWNER`. */
const FIRST = 'process/';
const PRESENCE = `resource >= '${FIRST}' and resource < 'process0'`;

const resourceOf = (role: string, { owner }: LeaseOwner): string => `${FIRST}${checkId('the role', role, 64)}/${owner}`;

/** Notes that a process is there, or still there, and forgets those that ended without a word. */
export function announcePresence(database: Database): PresenceStore['announce'] {
  const put = rowInserter(database.dialect, leasesTable, { onTaken: 'replace' });
  return (workspaceId, role, { owner, host, boot, pid }, { now, ttlMs }) => {
    const row = { workspace_id: workspaceId, resource: resourceOf(role, { owner, host, boot, pid }), owner, host, boot, pid, fence: 1 };
    return database.transaction(async (trx) => {
      await execute(trx, `delete from leases where workspace_id = ? and ${PRESENCE} and expires_at <= ?`, [workspaceId, now - ttlMs]);
      await put(trx, [{ ...row, expires_at: now + ttlMs }]);
    });
  };
}

export function withdrawPresence(database: Database): PresenceStore['withdraw'] {
  return async (workspaceId, role, process) => {
    const parameters = [workspaceId, resourceOf(role, process)];
    await database.transaction((trx) => execute(trx, 'delete from leases where workspace_id = ? and resource = ?', parameters));
  };
}

type Held = LeaseOwner & { readonly resource: string };

/** What is held of runs that ended is only not given back yet. Of other leases a run's status says nothing. */
const HELD = `select l.resource, l.owner, l.host, l.boot, l.pid from leases l where l.owner <> '' and l.expires_at > ? and not exists (
  select 1 from run_status s where s.workspace_id = l.workspace_id and s.resource = l.resource and l.resource like 'run/%'
    and s.status not in ('running', 'paused')) order by l.resource`;
const MOST_NAMED = 5;

/** @throws RiskflowError `busy` that names who is at work on the storage, idle or not; who is dead for certain does not count */
export async function refuseWhileInUse(on: Executor, now: number): Promise<void> {
  const alive = (await rowsOf<Held>(on, HELD, [now])).filter((held) => !isDead(held));
  if (alive.length === 0) return;
  const byOwner = Object.values(Object.groupBy(alive, ({ owner }) => owner)).filter((held) => held !== undefined);
  const named = byOwner.slice(0, MOST_NAMED).map(sentenceOf).join('; ');
  const more = byOwner.length > MOST_NAMED ? `; and ${byOwner.length - MOST_NAMED} more` : '';
  throw new RiskflowError('busy', `${named}${more}`, {
    hint: 'nothing was changed; stop every process of this release first (one that was killed on another machine counts for up to 15 s)',
  });
}

/** Of all that one owner holds: what it is, where it says so, else one thing that it is at. */
function sentenceOf(held: readonly Held[]): string {
  const presence = held.find(({ resource }) => resource.startsWith(FIRST));
  const { resource = '', host = '', pid = 0 } = presence ?? held[0] ?? {};
  if (presence !== undefined) return `the process ${pid} on ${host} is up (riskflow ${resource.split('/')[1] ?? ''})`;
  // No process has the number 0: such leases are those of workflows on Temporal.
  return `${pid === 0 ? 'a workflow on Temporal' : `the process ${pid} on ${host}`} is at work on ${resource}`;
}

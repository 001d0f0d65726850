import type { InboxDone, WriteUnit } from '../../schemas/core.ts';
import type { Executor } from '../database.ts';
import { execute } from '../prepared-query.ts';
import { fillKeys } from '../select-by-keys.ts';
import { keyOf } from '../operations/batch-state.ts';

const MAX_RECORDS = 64;

/** Notes for records of the inbox what became of them. */
export async function markInboxDone(trx: Executor, units: readonly WriteUnit[]): Promise<void> {
  for (const { workspaceId, sourceId, outcome, recordIds } of groups(units)) {
    for (let at = 0; at < recordIds.length; at += MAX_RECORDS) {
      const some = fillKeys(recordIds.slice(at, at + MAX_RECORDS));
      const places = some.map(() => '?').join(', ');
      const text = `update inbox set outcome = ? where workspace_id = ? and source_id = ? and record_id in (${places})`;
      await execute(trx, text, [outcome, workspaceId, sourceId, ...some]);
    }
  }
}

type Group = Pick<InboxDone, 'sourceId' | 'outcome'> & { readonly workspaceId: string; readonly recordIds: string[] };

function groups(units: readonly WriteUnit[]): readonly Group[] {
  // The last word on a record counts.
  const last = new Map<string, InboxDone & { readonly workspaceId: string }>();
  for (const { workspaceId, inboxDone } of units) {
    for (const done of inboxDone ?? []) last.set(keyOf(workspaceId, done.sourceId, done.recordId), { workspaceId, ...done });
  }
  const found = new Map<string, Group>();
  for (const { workspaceId, sourceId, recordId, outcome } of last.values()) {
    const key = keyOf(workspaceId, sourceId, outcome);
    const group = found.get(key) ?? { workspaceId, sourceId, outcome, recordIds: [] };
    group.recordIds.push(recordId);
    found.set(key, group);
  }
  return Array.from(found.values());
}

import type { Fence, InboxBatch, InboxStore, SourceOffset, WorkspaceId } from '../../schemas/core.ts';
import type { Database, Executor } from '../database.ts';
import { checkId } from '../ids.ts';
import { rowsOf } from '../prepared-query.ts';
import { letterInserter, recordInserter, withoutDecided } from './insert-records.ts';
import { lockOffset, offsetSetter } from './offset-rows.ts';

/** Stores what came from a source together with how far it was read, so that neither can be lost without the other. */
export function acceptBatch(database: Database): InboxStore['accept'] {
  const insertRecords = recordInserter(database);
  const insertLetters = letterInserter(database);
  const setOffset = offsetSetter(database);
  return async (workspaceId, batch) => {
    checkBatch(workspaceId, batch);
    let tries = 0;
    return database.transaction(async (trx) => {
      tries++;
      const { fence, expected } = batch;
      if (fence !== undefined && !(await fenceIsCurrent({ trx, database, workspaceId }, fence))) return { status: 'stale-fence' };
      const { stored, isTrimmed } = await lockOffset({ trx, database, workspaceId }, batch.offset);
      if (expected !== undefined && !isAt(stored, expected)) return { status: 'moved', offset: stored };
      // Whoever goes on from the stored offset brings what is new, unless a person has set it back: then the first try fails.
      const look = expected === undefined || database.dialect.looksAreFree || tries > 1;
      const records = await insertRecords(trx, {
        workspaceId,
        rows: isTrimmed ? await withoutDecided(trx, workspaceId, batch.records) : batch.records,
        look,
      });
      const letters = await insertLetters(trx, { workspaceId, rows: batch.deadLetters, look });
      await setOffset(trx, workspaceId, { ...batch.offset, skipped: batch.offset.skipped + (stored?.skipped ?? 0) });
      return { status: 'accepted', records: records.length, deadLetters: letters.length };
    });
  };
}

const isAt = (stored: SourceOffset | undefined, expected: InboxBatch['expected']): boolean =>
  stored === undefined || expected === null || expected === undefined
    ? stored === undefined && expected === null
    : stored.incarnation === expected.incarnation && stored.nextOffset === expected.nextOffset;

type Place = { readonly trx: Executor; readonly database: Database; readonly workspaceId: WorkspaceId };

async function fenceIsCurrent({ trx, database, workspaceId }: Place, fence: Fence): Promise<boolean> {
  const text = `select owner, fence from leases where workspace_id = ? and resource = ?${database.dialect.shareRows}`;
  const rows = await rowsOf<{ readonly owner: string; readonly fence: number }>(trx, text, [workspaceId, fence.resource]);
  return rows[0] !== undefined && rows[0].owner === fence.owner && rows[0].fence === fence.fence;
}

function checkBatch(workspaceId: WorkspaceId, { records, deadLetters, offset }: InboxBatch): void {
  checkId('the workspace', workspaceId, 64);
  for (const { sourceId, topic } of [offset, ...records.map((record) => record.origin), ...deadLetters.map((letter) => letter.origin)]) {
    checkId('the source', sourceId, 190);
    checkId('the topic', topic, 190);
  }
  for (const { recordId } of records) checkId('the id of a record', recordId, 255);
}

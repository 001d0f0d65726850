import type { DeadLetterStage, InboxStore, StoredDeadLetter } from '../../schemas/core.ts';
import type { Database } from '../database.ts';
import { execute, rowsOf } from '../prepared-query.ts';
import type { deadLettersTable } from '../tables/primary-tables.ts';
import type { RowOf } from '../tables/table-spec.ts';
import { recordInserter, withoutDecided } from './insert-records.ts';
import { headersOf } from './letter-columns.ts';
import { toOrigin } from './record-origin.ts';

type LetterRow = RowOf<typeof deadLettersTable>;

const toLetter = (row: LetterRow): StoredDeadLetter => ({
  id: row.letter_no,
  origin: toOrigin(row),
  bytes: new Uint8Array(row.bytes),
  key: row.record_key === null ? null : new Uint8Array(row.record_key),
  headers: headersOf(row.headers),
  timestamp: row.source_time,
  // Those of the first release: nothing but JSON lines was read.
  stage: (row.stage ?? 'decode') as DeadLetterStage,
  reason: row.reason,
  receivedAt: row.received_at,
  recordId: row.record_id,
  replayedAs: row.replayed_as,
});

/** What could not be decoded, in order of arrival. */
export function readDeadLetters({ read }: Database): InboxStore['deadLetters'] {
  return async (workspaceId, { sourceId, after = 0, limit, replayed = false }) => {
    let query = read.selectFrom('dead_letters').selectAll().where('workspace_id', '=', workspaceId).where('letter_no', '>', after);
    if (sourceId !== undefined) query = query.where('source_id', '=', sourceId);
    if (!replayed) query = query.where('replayed_as', 'is', null);
    return (await query.orderBy('letter_no').limit(limit).execute()).map(toLetter);
  };
}

export function readDeadLetter({ read }: Database): InboxStore['deadLetter'] {
  return async (workspaceId, id) => {
    const row = await read
      .selectFrom('dead_letters')
      .selectAll()
      .where('workspace_id', '=', workspaceId)
      .where('letter_no', '=', id)
      .executeTakeFirst();
    return row === undefined ? undefined : toLetter(row);
  };
}

/** Makes a dead letter the record that it has become, once. */
export function replayLetter(database: Database): InboxStore['replay'] {
  const insertRecords = recordInserter(database);
  return (workspaceId, { id, record }) =>
    database.transaction(async (trx) => {
      const text = `select replayed_as from dead_letters where workspace_id = ? and letter_no = ?${database.dialect.lockRows}`;
      const [row] = await rowsOf<Pick<LetterRow, 'replayed_as'>>(trx, text, [workspaceId, id]);
      if (row === undefined || row.replayed_as !== null) return false;
      await insertRecords(trx, { workspaceId, rows: await withoutDecided(trx, workspaceId, [record]), look: true });
      await execute(trx, 'update dead_letters set replayed_as = ? where workspace_id = ? and letter_no = ?', [
        record.recordId,
        workspaceId,
        id,
      ]);
      return true;
    });
}

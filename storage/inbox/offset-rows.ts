import type { InboxStore, SourceOffset, WorkspaceId } from '../../schemas/core.ts';
import type { Database, Executor } from '../database.ts';
import { rowInserter } from '../insert-rows.ts';
import { rowsOf } from '../prepared-query.ts';
import { offsetsTable } from '../tables/primary-tables.ts';
import type { RowOf } from '../tables/table-spec.ts';
import { trimmedName } from './trim-inbox.ts';

type OffsetRow = RowOf<typeof offsetsTable>;
type Partition = Pick<SourceOffset, 'sourceId' | 'topic' | 'partition'>;
type Place = { readonly trx: Executor; readonly database: Database; readonly workspaceId: WorkspaceId };

const toOffset = (row: OffsetRow): SourceOffset => ({
  sourceId: row.source_id,
  incarnation: row.incarnation,
  topic: row.topic,
  partition: row.partition_no,
  nextOffset: row.next_offset,
  position: row.position,
  skipped: row.skipped ?? 0,
});

/** The stored offset of a partition, which nobody else changes until the transaction ends, and whether records of its source were deleted. */
export async function lockOffset(
  { trx, database, workspaceId }: Place,
  { sourceId, topic, partition }: Partition,
): Promise<{ readonly stored: SourceOffset | undefined; readonly isTrimmed: boolean }> {
  const trimmed = 'select n from counters where workspace_id = ? and name = ?';
  const text = `select o.*, (${trimmed}) as trimmed from offsets o where o.workspace_id = ? and o.source_id = ? and o.topic = ? and o.partition_no = ?${database.dialect.lockRows}`;
  const parameters = [workspaceId, trimmedName('arrival', sourceId), workspaceId, sourceId, topic, partition];
  const [row] = await rowsOf<OffsetRow & { readonly trimmed: number | null }>(trx, text, parameters);
  return row === undefined ? { stored: undefined, isTrimmed: false } : { stored: toOffset(row), isTrimmed: row.trimmed !== null };
}

export function offsetSetter({ dialect }: Database): (trx: Executor, workspaceId: WorkspaceId, offset: SourceOffset) => Promise<void> {
  const set = rowInserter(dialect, offsetsTable, { onTaken: 'replace' });
  return async (trx, workspaceId, offset) => {
    const row: OffsetRow = {
      workspace_id: workspaceId,
      source_id: offset.sourceId,
      topic: offset.topic,
      partition_no: offset.partition,
      incarnation: offset.incarnation,
      next_offset: offset.nextOffset,
      position: offset.position,
      skipped: offset.skipped,
    };
    await set(trx, [row]);
  };
}

/** How far a partition of a source was read. */
export function readOffset({ read }: Database): InboxStore['offset'] {
  return async (workspaceId, sourceId, topic, partition) => {
    const row = await read
      .selectFrom('offsets')
      .selectAll()
      .where('workspace_id', '=', workspaceId)
      .where('source_id', '=', sourceId)
      .where('topic', '=', topic)
      .where('partition_no', '=', partition)
      .executeTakeFirst();
    return row === undefined ? undefined : toOffset(row);
  };
}

export function readOffsets({ read }: Database): InboxStore['offsets'] {
  return async (workspaceId, sourceId) => {
    const rows = await read
      .selectFrom('offsets')
      .selectAll()
      .where('workspace_id', '=', workspaceId)
      .where('source_id', '=', sourceId)
      .orderBy('topic')
      .orderBy('partition_no')
      .execute();
    return rows.map(toOffset);
  };
}

/** Sets where a partition is read on from, whatever it was. */
export function moveOffset(database: Database): InboxStore['moveOffset'] {
  const set = offsetSetter(database);
  return (workspaceId, offset) =>
    database.transaction(async (trx) => {
      const { stored } = await lockOffset({ trx, database, workspaceId }, offset);
      await set(trx, workspaceId, { ...offset, skipped: stored?.skipped ?? 0 });
    });
}

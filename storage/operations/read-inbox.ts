import type { DeadLetter, InboxRecord, InboxStore } from '../../schemas/core.ts';
import type { Database } from '../database.ts';
import { prepareQuery } from '../prepared-query.ts';
import { toOrigin } from './record-origin.ts';

/** Records without an outcome, in order of arrival. */
export function readPending(database: Database): InboxStore['pending'] {
  const query = prepareQuery<{ readonly workspaceId: string; readonly sourceId: string; readonly after: number; readonly limit: number }>()(
    (p) =>
      database.read
        .selectFrom('inbox')
        .selectAll()
        .where('workspace_id', '=', p.workspaceId)
        .where('source_id', '=', p.sourceId)
        .where('outcome', '=', 'pending')
        .where('arrival', '>', p.after)
        .orderBy('arrival')
        .limit(p.limit),
  );
  return async (workspaceId, sourceId, { after, limit }) =>
    (await query.all(database.read, { workspaceId, sourceId, after, limit })).map((row): InboxRecord & { readonly arrival: number } => ({
      recordId: row.record_id,
      origin: toOrigin(row),
      key: row.record_key,
      body: row.body,
      receivedAt: row.received_at,
      arrival: row.arrival,
    }));
}

export function readInboxCounts(database: Database): InboxStore['counts'] {
  return async (workspaceId, sourceId) => {
    const outcomes = await database.read
      .selectFrom('inbox')
      .select(({ fn }) => ['outcome', fn.countAll<number>().as('records')])
      .where('workspace_id', '=', workspaceId)
      .where('source_id', '=', sourceId)
      .groupBy('outcome')
      .execute();
    const letters = await database.read
      .selectFrom('dead_letters')
      .select(({ fn }) => fn.countAll<number>().as('letters'))
      .where('workspace_id', '=', workspaceId)
      .where('source_id', '=', sourceId)
      .executeTakeFirst();
    const of = (outcome: string): number => outcomes.find((row) => row.outcome === outcome)?.records ?? 0;
    const counts = { pending: of('pending'), decided: of('decided'), failed: of('failed'), superseded: of('superseded') };
    return { ...counts, deadLetters: letters?.letters ?? 0 };
  };
}

/** How far a partition of a source was read. */
export function readOffset(database: Database): InboxStore['offset'] {
  return async (workspaceId, sourceId, topic, partition) => {
    const row = await database.read
      .selectFrom('offsets')
      .selectAll()
      .where('workspace_id', '=', workspaceId)
      .where('source_id', '=', sourceId)
      .where('topic', '=', topic)
      .where('partition_no', '=', partition)
      .executeTakeFirst();
    return row === undefined ? undefined : { sourceId, incarnation: row.incarnation, topic, partition, nextOffset: row.next_offset };
  };
}

/** What could not be decoded, in order of arrival. */
export function readDeadLetters(database: Database): InboxStore['deadLetters'] {
  return async (workspaceId, { sourceId, after = 0, limit }) => {
    let query = database.read.selectFrom('dead_letters').selectAll().where('workspace_id', '=', workspaceId).where('letter_no', '>', after);
    if (sourceId !== undefined) query = query.where('source_id', '=', sourceId);
    const rows = await query.orderBy('letter_no').limit(limit).execute();
    return rows.map((row): DeadLetter & { readonly id: number } => ({
      id: row.letter_no,
      origin: toOrigin(row),
      bytes: new Uint8Array(row.bytes),
      reason: row.reason,
      receivedAt: row.received_at,
    }));
  };
}

import type { InboxStore } from '../../schemas/core.ts';
import type { Database } from '../database.ts';
import { checkId } from '../ids.ts';
import { knownIds, letterInserter, recordInserter, withoutDecided } from './insert-records.ts';
import { lockOffset, offsetSetter } from './offset-rows.ts';

/** Stores records that come without a place: each that is new gets the next offset of the partition. */
export function pushRecords(database: Database): InboxStore['push'] {
  const insertRecords = recordInserter(database);
  const insertLetters = letterInserter(database);
  const setOffset = offsetSetter(database);
  return (workspaceId, { records, deadLetters, partition, skipped }) => {
    checkId('the workspace', workspaceId, 64);
    checkId('the source', partition.sourceId, 190);
    checkId('the topic', partition.topic, 190);
    for (const { recordId } of records) checkId('the id of a record', recordId, 255);
    return database.transaction(async (trx) => {
      const { stored, isTrimmed } = await lockOffset({ trx, database, workspaceId }, partition);
      const { sourceId } = partition;
      const seen = new Set(await knownIds(trx, { workspaceId, sourceId, ids: records.map(({ recordId }) => recordId) }));
      const open = isTrimmed ? new Set(await withoutDecided(trx, workspaceId, records)) : undefined;
      let next = stored?.nextOffset ?? 0;
      const results = records.map((record) => {
        const { recordId } = record;
        const isNew = !seen.has(recordId) && open?.has(record) !== false;
        seen.add(recordId);
        return { recordId, isNew };
      });
      const placed = records
        .filter((_, i) => results[i]?.isNew === true)
        .map((record) => ({ ...record, origin: { ...partition, offset: next++ } }));
      const letters = deadLetters.map((letter) => ({ ...letter, origin: { ...partition, offset: next++ } }));
      await insertRecords(trx, { workspaceId, rows: placed, look: false });
      await insertLetters(trx, { workspaceId, rows: letters, look: false });
      await setOffset(trx, workspaceId, { ...partition, nextOffset: next, position: null, skipped: skipped + (stored?.skipped ?? 0) });
      return results;
    });
  };
}

import type { DeadLetter, Fence, InboxRecord, InboxStore, WorkspaceId } from '../../schemas/core.ts';
import type { Database, Executor } from '../database.ts';
import { checkId } from '../ids.ts';
import { type InsertRows, rowInserter } from '../insert-rows.ts';
import { rowsOf } from '../prepared-query.ts';
import { selectByKeys } from '../select-by-keys.ts';
import { deadLettersTable, inboxTable, offsetsTable } from '../tables/primary-tables.ts';
import { keyOf } from './batch-state.ts';
import { knownOrigins, originColumns, originKey } from './record-origin.ts';
import { type TakeNumbers, takeNumbers } from './take-numbers.ts';

type Batch = Parameters<InboxStore['accept']>[1];
type Tools = {
  readonly database: Database;
  readonly numbers: TakeNumbers;
  readonly addRecords: InsertRows<typeof inboxTable>;
  readonly addLetters: InsertRows<typeof deadLettersTable>;
  readonly setOffset: InsertRows<typeof offsetsTable>;
};
type Accept = Tools & { readonly trx: Executor; readonly workspaceId: WorkspaceId };

/** Stores what came from a source together with how far it was read, so that neither can be lost without the other. */
export function acceptBatch(database: Database): InboxStore['accept'] {
  const tools: Tools = {
    database,
    numbers: takeNumbers(database),
    addRecords: rowInserter(database.dialect, inboxTable, { onTaken: 'fail' }),
    addLetters: rowInserter(database.dialect, deadLettersTable, { onTaken: 'fail' }),
    setOffset: rowInserter(database.dialect, offsetsTable, { onTaken: 'replace' }),
  };
  return async (workspaceId, batch) => {
    checkBatch(workspaceId, batch);
    return database.transaction(async (trx) => {
      const accept: Accept = { ...tools, trx, workspaceId };
      if (batch.fence !== undefined && !(await fenceIsCurrent(accept, batch.fence))) return { status: 'stale-fence' };
      const records = await insertRecords(accept, batch.records);
      const deadLetters = await insertDeadLetters(accept, batch.deadLetters);
      await saveOffset(accept, batch.offset);
      return { status: 'accepted', records, deadLetters };
    });
  };
}

async function fenceIsCurrent({ database, trx, workspaceId }: Accept, fence: Fence): Promise<boolean> {
  const text = `select owner, fence from leases where workspace_id = ? and resource = ?${database.dialect.shareRows}`;
  const rows = await rowsOf<{ readonly owner: string; readonly fence: number }>(trx, text, [workspaceId, fence.resource]);
  return rows[0] !== undefined && rows[0].owner === fence.owner && rows[0].fence === fence.fence;
}

async function insertRecords(accept: Accept, records: readonly InboxRecord[]): Promise<number> {
  const { trx, workspaceId } = accept;
  const fresh = await newRecords(accept, records);
  const next = new Map<string, number>();
  for (const [sourceId, count] of Array.from(countBy(fresh)).sort(([a], [b]) => (a < b ? -1 : 1))) {
    next.set(sourceId, await accept.numbers(trx, { workspaceId, name: `inbox/${sourceId}`, count }));
  }
  const rows = fresh.map((record) => {
    const arrival = next.get(record.origin.sourceId) ?? 0;
    next.set(record.origin.sourceId, arrival + 1);
    return {
      workspace_id: workspaceId,
      ...originColumns(record.origin),
      arrival,
      record_id: record.recordId,
      record_key: record.key,
      body: record.body,
      received_at: record.receivedAt,
      outcome: 'pending',
    };
  });
  await accept.addRecords(trx, rows);
  return rows.length;
}

/** Those whose id and origin are both unknown, also among themselves. */
async function newRecords({ trx, workspaceId }: Accept, records: readonly InboxRecord[]): Promise<readonly InboxRecord[]> {
  const seen = new Set(await knownOrigins(trx, { table: 'inbox', workspaceId, origins: records.map(({ origin }) => origin) }));
  for (const [sourceId, ids] of groupIds(records)) {
    const rows = await selectByKeys<{ readonly record_id: string }>(trx, {
      table: 'inbox',
      columns: ['record_id'],
      equal: { workspace_id: workspaceId, source_id: sourceId },
      column: 'record_id',
      keys: ids,
    });
    for (const row of rows) seen.add(idKey(sourceId, row.record_id));
  }
  return records.filter(({ recordId, origin }) => {
    const names = [idKey(origin.sourceId, recordId), originKey(origin)];
    if (names.some((name) => seen.has(name))) return false;
    for (const name of names) seen.add(name);
    return true;
  });
}

async function insertDeadLetters({ trx, numbers, addLetters, workspaceId }: Accept, letters: readonly DeadLetter[]): Promise<number> {
  const seen = new Set(await knownOrigins(trx, { table: 'dead_letters', workspaceId, origins: letters.map(({ origin }) => origin) }));
  const fresh = letters.filter(({ origin }) => {
    const known = seen.has(originKey(origin));
    seen.add(originKey(origin));
    return !known;
  });
  if (fresh.length === 0) return 0;
  const first = await numbers(trx, { workspaceId, name: 'dead-letters', count: fresh.length });
  const rows = fresh.map((letter, i) => ({
    workspace_id: workspaceId,
    letter_no: first + i,
    ...originColumns(letter.origin),
    bytes: letter.bytes,
    reason: letter.reason,
    received_at: letter.receivedAt,
  }));
  await addLetters(trx, rows);
  return rows.length;
}

async function saveOffset({ trx, setOffset, workspaceId }: Accept, offset: Batch['offset']): Promise<void> {
  const row = {
    workspace_id: workspaceId,
    source_id: offset.sourceId,
    topic: offset.topic,
    partition_no: offset.partition,
    incarnation: offset.incarnation,
    next_offset: offset.nextOffset,
  };
  await setOffset(trx, [row]);
}

const idKey = (sourceId: string, recordId: string): string => keyOf('id', sourceId, recordId);

function groupIds(records: readonly InboxRecord[]): ReadonlyMap<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const { recordId, origin } of records) {
    const ids = groups.get(origin.sourceId) ?? [];
    ids.push(recordId);
    groups.set(origin.sourceId, ids);
  }
  return groups;
}

function countBy(records: readonly InboxRecord[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { origin } of records) counts.set(origin.sourceId, (counts.get(origin.sourceId) ?? 0) + 1);
  return counts;
}

function checkBatch(workspaceId: WorkspaceId, { records, deadLetters, offset }: Batch): void {
  checkId('the workspace', workspaceId, 64);
  for (const { sourceId, topic } of [offset, ...records.map((record) => record.origin), ...deadLetters.map((letter) => letter.origin)]) {
    checkId('the source', sourceId, 190);
    checkId('the topic', topic, 190);
  }
  for (const { recordId } of records) checkId('the id of a record', recordId, 255);
}

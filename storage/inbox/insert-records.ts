import { decisionClaim, type DeadLetter, type InboxRecord, type WorkspaceId } from '../../schemas/core.ts';
import type { Database, Executor } from '../database.ts';
import { rowInserter } from '../insert-rows.ts';
import { keyOf } from '../operations/batch-state.ts';
import { numberRows } from '../operations/take-numbers.ts';
import { selectByKeys } from '../select-by-keys.ts';
import { deadLettersTable, inboxTable } from '../tables/primary-tables.ts';
import type { SqlExpression } from '../tables/table-spec.ts';
import { headersText } from './letter-columns.ts';
import { knownOrigins, originColumns, originKey } from './record-origin.ts';

/** `look`: leave those out that are known by their place or id. Without it one that is known fails the transaction. */
type Insert<T> = (
  trx: Executor,
  insert: { readonly workspaceId: WorkspaceId; readonly rows: readonly T[]; readonly look: boolean },
) => Promise<readonly T[]>;

/** Inserts records and gives each its arrival number. Returns those that were new, in their order. */
export function recordInserter(database: Database): Insert<InboxRecord> {
  const numbers = numberRows(database);
  const add = rowInserter(database.dialect, inboxTable, { onTaken: 'fail' });
  return async (trx, { workspaceId, rows, look }) => {
    const fresh = look ? await newRecords(trx, workspaceId, rows) : rows;
    // In one order for all, so that nobody waits for somebody who waits for him.
    for (const [sourceId, records] of Array.from(bySource(fresh)).sort(([a], [b]) => (a < b ? -1 : 1))) {
      const arrival = await numbers(trx, { workspaceId, name: arrivalCounter(sourceId), count: records.length });
      await add(
        trx,
        records.map((record, i) => recordRow(workspaceId, record, arrival(i))),
      );
    }
    return fresh;
  };
}

export const arrivalCounter = (sourceId: string): string => `inbox/${sourceId}`;

const recordRow = (workspaceId: WorkspaceId, record: InboxRecord, arrival: number | SqlExpression) => ({
  workspace_id: workspaceId,
  ...originColumns(record.origin),
  arrival,
  record_id: record.recordId,
  record_key: record.key,
  body: record.body,
  received_at: record.receivedAt,
  outcome: 'pending',
  meta: record.meta,
  subject: record.subject,
  category: record.category,
  reporter: record.reporter,
  event_time: record.eventTime,
  lane: record.lane,
});

/** Inserts dead letters and numbers them. Returns those that were new. */
export function letterInserter(database: Database): Insert<DeadLetter> {
  const numbers = numberRows(database);
  const add = rowInserter(database.dialect, deadLettersTable, { onTaken: 'fail' });
  return async (trx, { workspaceId, rows, look }) => {
    const fresh = look ? await newLetters(trx, workspaceId, rows) : rows;
    if (fresh.length === 0) return fresh;
    const number = await numbers(trx, { workspaceId, name: 'dead-letters', count: fresh.length });
    const numbered = fresh.map((letter, i) => ({
      workspace_id: workspaceId,
      letter_no: number(i),
      ...originColumns(letter.origin),
      bytes: letter.bytes,
      reason: letter.reason,
      received_at: letter.receivedAt,
      record_key: letter.key,
      headers: headersText(letter.headers),
      source_time: letter.timestamp,
      stage: letter.stage,
      replayed_as: null,
      record_id: letter.recordId,
    }));
    await add(trx, numbered);
    return fresh;
  };
}

/** Those whose id and origin are both unknown, also among themselves. */
async function newRecords(trx: Executor, workspaceId: WorkspaceId, records: readonly InboxRecord[]): Promise<readonly InboxRecord[]> {
  const seen = new Set(await knownOrigins(trx, { table: 'inbox', workspaceId, origins: records.map(({ origin }) => origin) }));
  for (const [sourceId, some] of bySource(records)) {
    const ids = some.map(({ recordId }) => recordId);
    for (const id of await knownIds(trx, { workspaceId, sourceId, ids })) seen.add(idKey(sourceId, id));
  }
  return records.filter(({ recordId, origin }) => {
    const names = [idKey(origin.sourceId, recordId), originKey(origin)];
    if (names.some((name) => seen.has(name))) return false;
    for (const name of names) seen.add(name);
    return true;
  });
}

async function newLetters(trx: Executor, workspaceId: WorkspaceId, letters: readonly DeadLetter[]): Promise<readonly DeadLetter[]> {
  const seen = new Set(await knownOrigins(trx, { table: 'dead_letters', workspaceId, origins: letters.map(({ origin }) => origin) }));
  return letters.filter(({ origin }) => {
    const known = seen.has(originKey(origin));
    seen.add(originKey(origin));
    return !known;
  });
}

/** Which of some record ids the inbox of a source has. */
export async function knownIds(
  trx: Executor,
  { workspaceId, sourceId, ids }: { readonly workspaceId: WorkspaceId; readonly sourceId: string; readonly ids: readonly string[] },
): Promise<readonly string[]> {
  const rows = await selectByKeys<{ readonly record_id: string }>(trx, {
    table: 'inbox',
    columns: ['record_id'],
    equal: { workspace_id: workspaceId, source_id: sourceId },
    column: 'record_id',
    keys: ids,
  });
  return rows.map((row) => row.record_id);
}

/** Those that have no decision: one that is known by it alone was deleted when its time was over. */
export async function withoutDecided(
  trx: Executor,
  workspaceId: WorkspaceId,
  records: readonly InboxRecord[],
): Promise<readonly InboxRecord[]> {
  const claimOf = ({ recordId }: InboxRecord) => decisionClaim({ recordId, mode: 'live', replay: 0 });
  const [first] = records;
  if (first === undefined) return records;
  const rows = await selectByKeys<{ readonly claim_key: string }>(trx, {
    table: 'claims',
    columns: ['claim_key'],
    equal: { workspace_id: workspaceId, scope: claimOf(first).scope },
    column: 'claim_key',
    keys: records.map((record) => claimOf(record).key),
  });
  const decided = new Set(rows.map((row) => row.claim_key));
  return records.filter((record) => !decided.has(claimOf(record).key));
}

const idKey = (sourceId: string, recordId: string): string => keyOf('id', sourceId, recordId);

function bySource(records: readonly InboxRecord[]): ReadonlyMap<string, readonly InboxRecord[]> {
  return Map.groupBy(records, ({ origin }) => origin.sourceId);
}

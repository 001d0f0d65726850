import type { InboxStore, InboxTrimmed, WorkspaceId } from '../../schemas/core.ts';
import type { Database, Executor } from '../database.ts';
import { execute, rowsOf } from '../prepared-query.ts';
import { takeNumbers } from '../operations/take-numbers.ts';
import { fillKeys } from '../select-by-keys.ts';

const OUTCOMES = ['decided', 'failed', 'superseded'] as const;
type Outcome = (typeof OUTCOMES)[number];

/** Counters of what was deleted: of each outcome how many; the last arrival; the last event time. */
export const trimmedName = (what: Outcome | 'arrival' | 'time', sourceId: string): string => `trimmed/${what}/${sourceId}`;

/** SQLite deletes a row page by page: a large one counts for several. */
const MOST_BYTES = 128 * 1024;

type Old = { readonly arrival: number; readonly received_at: number; readonly event_time: number | null; readonly size: number };
type Trim = { readonly workspaceId: WorkspaceId; readonly sourceId: string; readonly receivedBefore: number; readonly upTo: number };

/** Deletes the oldest records that are done. The order of arrival is about that of receipt, so that one look at the first rows tells whether there are any. */
export function trimInbox(database: Database): InboxStore['trim'] {
  const numbers = takeNumbers(database);
  const limit = database.dialect.deleteSize;
  return async (workspaceId, sourceId, { receivedBefore, upTo }) => {
    const trim = { workspaceId, sourceId, receivedBefore, upTo };
    for (const outcome of OUTCOMES) {
      if ((await oldOnes(database.read, trim, { outcome, limit: 1, lock: '' })).length === 0) continue;
      const deleted = await database.transaction(async (trx) => {
        const old = await oldOnes(trx, trim, { outcome, limit, lock: database.dialect.lockRows });
        if (old.length > 0) await deleteRows(trx, trim, old);
        if (old.length > 0) await noteDeleted({ trx, database, numbers }, trim, { outcome, old });
        return old.length;
      });
      if (deleted > 0) return deleted;
    }
    return 0;
  };
}

async function oldOnes(
  on: Executor,
  { workspaceId, sourceId, receivedBefore, upTo }: Trim,
  { outcome, limit, lock }: { readonly outcome: Outcome; readonly limit: number; readonly lock: string },
): Promise<readonly Old[]> {
  const columns = 'arrival, received_at, event_time, octet_length(body) as size';
  const text = `select ${columns} from inbox where workspace_id = ? and source_id = ? and outcome = ? order by arrival limit ${limit}${lock}`;
  const rows = await rowsOf<Old>(on, text, [workspaceId, sourceId, outcome]);
  const old = rows.filter((row) => Number(row.received_at) < receivedBefore && Number(row.arrival) <= upTo);
  let bytes = 0;
  const end = old.findIndex(({ size }) => (bytes += Number(size)) > MOST_BYTES);
  return end === -1 ? old : old.slice(0, Math.max(1, end));
}

async function deleteRows(trx: Executor, { workspaceId, sourceId }: Trim, old: readonly Old[]): Promise<void> {
  const arrivals = fillKeys(old.map(({ arrival }) => arrival));
  const text = `delete from inbox where workspace_id = ? and source_id = ? and arrival in (${arrivals.map(() => '?').join(', ')})`;
  await execute(trx, text, [workspaceId, sourceId, ...arrivals]);
}

type Noting = { readonly trx: Executor; readonly database: Database; readonly numbers: ReturnType<typeof takeNumbers> };

async function noteDeleted(
  { trx, database, numbers }: Noting,
  { workspaceId, sourceId }: Trim,
  { outcome, old }: { readonly outcome: Outcome; readonly old: readonly Old[] },
): Promise<void> {
  await numbers(trx, { workspaceId, name: trimmedName(outcome, sourceId), count: old.length });
  const atLeast = async (name: string, n: number): Promise<void> => {
    const text = `select n from counters where workspace_id = ? and name = ?${database.dialect.lockRows}`;
    const [row] = await rowsOf<{ readonly n: number }>(trx, text, [workspaceId, name]);
    const more = n - Number(row?.n ?? 0);
    if (more > 0) await numbers(trx, { workspaceId, name, count: more });
  };
  await atLeast(trimmedName('arrival', sourceId), Math.max(...old.map(({ arrival }) => Number(arrival))));
  await atLeast(trimmedName('time', sourceId), Math.max(...old.map(({ event_time: time }) => Number(time ?? 0))));
}

/** How many were deleted, by outcome, and up to where. */
export async function readTrimmed(
  { read }: Pick<Database, 'read'>,
  workspaceId: WorkspaceId,
  sourceId: string,
): Promise<InboxTrimmed & { readonly of: Readonly<Record<Outcome, number>> }> {
  const rows = await read
    .selectFrom('counters')
    .select(['name', 'n'])
    .where('workspace_id', '=', workspaceId)
    .where(
      'name',
      'in',
      [...OUTCOMES, 'arrival' as const, 'time' as const].map((what) => trimmedName(what, sourceId)),
    )
    .execute();
  const n = (what: Outcome | 'arrival' | 'time'): number => rows.find(({ name }) => name === trimmedName(what, sourceId))?.n ?? 0;
  const of = { decided: n('decided'), failed: n('failed'), superseded: n('superseded') };
  const time = n('time');
  return { of, records: of.decided + of.failed + of.superseded, upTo: n('arrival'), lastTime: time === 0 ? null : time };
}

export function trimmedOf(database: Database): InboxStore['trimmed'] {
  return async (workspaceId, sourceId) => {
    const { records, upTo, lastTime } = await readTrimmed(database, workspaceId, sourceId);
    return { records, upTo, lastTime };
  };
}

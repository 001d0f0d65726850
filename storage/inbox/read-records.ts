import type { ArrivedRecord, InboxStore } from '../../schemas/core.ts';
import type { Database } from '../database.ts';
import { prepareQuery, rowsOf } from '../prepared-query.ts';
import type { inboxTable } from '../tables/primary-tables.ts';
import type { RowOf } from '../tables/table-spec.ts';
import { arrivalCounter } from './insert-records.ts';
import { toOrigin } from './record-origin.ts';
import { readTrimmed } from './trim-inbox.ts';

type InboxRow = RowOf<typeof inboxTable>;

const toRecord = (row: InboxRow): ArrivedRecord => ({
  recordId: row.record_id,
  origin: toOrigin(row),
  key: row.record_key,
  subject: row.subject,
  category: row.category,
  reporter: row.reporter,
  eventTime: row.event_time,
  body: row.body,
  meta: row.meta,
  // Those of the first release have none, and are all in the first.
  lane: row.lane ?? FIRST_LANE,
  receivedAt: row.received_at,
  arrival: row.arrival,
});

const FIRST_LANE = 0;

/** Records without an outcome, in order of arrival. */
export function readPending({ read }: Database): InboxStore['pending'] {
  const all = prepareQuery<{ readonly workspaceId: string; readonly sourceId: string; readonly after: number; readonly limit: number }>()(
    (p) =>
      read
        .selectFrom('inbox')
        .selectAll()
        .where('workspace_id', '=', p.workspaceId)
        .where('source_id', '=', p.sourceId)
        .where('outcome', '=', 'pending')
        .where('arrival', '>', p.after)
        .orderBy('arrival')
        .limit(p.limit),
  );
  return async (workspaceId, sourceId, { after, limit, lanes }) => {
    if (lanes === undefined) return (await all.all(read, { workspaceId, sourceId, after, limit })).map(toRecord);
    if (lanes.length === 0) return [];
    const places = lanes.map(() => '?').join(', ');
    const orNone = lanes.includes(FIRST_LANE) ? ' or lane is null' : '';
    const text = `select * from inbox where workspace_id = ? and source_id = ? and outcome = 'pending' and arrival > ? and (lane in (${places})${orNone}) order by arrival limit ${limit}`;
    return (await rowsOf<InboxRow>(read, text, [workspaceId, sourceId, after, ...lanes])).map(toRecord);
  };
}

/** At most `most` rows are looked at, however many wait. */
export function countPending({ read }: Database): InboxStore['pendingCount'] {
  return async (workspaceId, sourceId, most) => {
    const text = `select count(*) as n from (select 1 as one from inbox where workspace_id = ? and source_id = ? and outcome = 'pending' limit ${most}) p`;
    const [row] = await rowsOf<{ readonly n: number }>(read, text, [workspaceId, sourceId]);
    return Number(row?.n ?? 0);
  };
}

/** Records whatever became of them. */
export function readRange({ read }: Database): InboxStore['range'] {
  return async (workspaceId, sourceId, { after, limit, upTo, from, to }) => {
    let query = read
      .selectFrom('inbox')
      .selectAll()
      .where('workspace_id', '=', workspaceId)
      .where('source_id', '=', sourceId)
      .where('arrival', '>', after);
    if (upTo !== undefined) query = query.where('arrival', '<=', upTo);
    if (from !== undefined) query = query.where('event_time', '>=', from);
    if (to !== undefined) query = query.where('event_time', '<', to);
    return (await query.orderBy('arrival').limit(limit).execute()).map(toRecord);
  };
}

export function readRecord({ read }: Database): InboxStore['record'] {
  return async (workspaceId, sourceId, recordId) => {
    const row = await read
      .selectFrom('inbox')
      .selectAll()
      .where('workspace_id', '=', workspaceId)
      .where('source_id', '=', sourceId)
      .where('record_id', '=', recordId)
      .executeTakeFirst();
    return row === undefined ? undefined : toRecord(row);
  };
}

/** The last arrival number that is visible. */
export function readLastArrival({ read }: Database): InboxStore['lastArrival'] {
  return async (workspaceId, sourceId) => {
    const row = await read
      .selectFrom('counters')
      .select('n')
      .where('workspace_id', '=', workspaceId)
      .where('name', '=', arrivalCounter(sourceId))
      .executeTakeFirst();
    return row?.n ?? 0;
  };
}

export function readInboxCounts({ read }: Database): InboxStore['counts'] {
  return async (workspaceId, sourceId) => {
    const outcomes = await read
      .selectFrom('inbox')
      .select(({ fn }) => ['outcome', fn.countAll<number>().as('records')])
      .where('workspace_id', '=', workspaceId)
      .where('source_id', '=', sourceId)
      .groupBy('outcome')
      .execute();
    const letters = await read
      .selectFrom('dead_letters')
      .select(({ fn }) => fn.countAll<number>().as('letters'))
      .where('workspace_id', '=', workspaceId)
      .where('source_id', '=', sourceId)
      .where('replayed_as', 'is', null)
      .executeTakeFirst();
    const offsets = await read
      .selectFrom('offsets')
      .select('skipped')
      .where('workspace_id', '=', workspaceId)
      .where('source_id', '=', sourceId)
      .execute();
    const trimmed = await readTrimmed({ read }, workspaceId, sourceId);
    const of = (outcome: string): number => outcomes.find((row) => row.outcome === outcome)?.records ?? 0;
    return {
      pending: of('pending'),
      decided: of('decided') + trimmed.of.decided,
      failed: of('failed') + trimmed.of.failed,
      superseded: of('superseded') + trimmed.of.superseded,
      trimmed: trimmed.records,
      deadLetters: letters?.letters ?? 0,
      skipped: offsets.reduce((sum, { skipped }) => sum + (skipped ?? 0), 0),
    };
  };
}

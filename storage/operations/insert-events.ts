import type { WriteUnit } from '../../schemas/core.ts';
import type { Database, Executor } from '../database.ts';
import { eventIdsOf } from '../event-ids.ts';
import { rowInserter } from '../insert-rows.ts';
import { blobRefsTable, blobsTable, eventsTable, streamsTable } from '../tables/primary-tables.ts';
import type { RowOf } from '../tables/table-spec.ts';
import { keyOf, type StreamState } from './batch-state.ts';
import type { PlannedAppend } from './check-unit.ts';

/** `n`: number of its first new event. */
export type PlacedAppend = PlannedAppend & { readonly unit: WriteUnit; readonly n: number };

type EventRow = RowOf<typeof eventsTable>;
type BlobRow = RowOf<typeof blobsTable>;
type BlobRefRow = RowOf<typeof blobRefsTable>;
type StreamRow = RowOf<typeof streamsTable>;

type Placed = { readonly placed: readonly PlacedAppend[]; readonly streams: ReadonlyMap<string, StreamState> };

/** Inserts the events, their payloads that are kept as blobs, and the new versions of their streams. */
export function insertEvents({ dialect, now }: Database): (trx: Executor, placed: Placed) => Promise<void> {
  const insertEventRows = rowInserter(dialect, eventsTable, { onTaken: 'fail' });
  const setStreams = rowInserter(dialect, streamsTable, { onTaken: 'replace' });
  const addBlobs = rowInserter(dialect, blobsTable, { onTaken: 'keep' });
  const addRefs = rowInserter(dialect, blobRefsTable, { onTaken: 'keep' });
  return async (trx, placed) => {
    const rows = rowsOfAppends(placed, now());
    await insertEventRows(trx, rows.events);
    await setStreams(trx, rows.streams);
    await addBlobs(trx, rows.blobs);
    await addRefs(trx, rows.refs);
  };
}

type Rows = {
  readonly events: readonly EventRow[];
  readonly streams: readonly StreamRow[];
  readonly blobs: readonly BlobRow[];
  readonly refs: readonly BlobRefRow[];
};

function rowsOfAppends({ placed, streams }: Placed, now: number): Rows {
  const events: EventRow[] = [];
  const blobs: BlobRow[] = [];
  const refs: BlobRefRow[] = [];
  const changed = new Map<string, StreamRow>();
  for (const append of placed) {
    if (append.events.length === 0) continue;
    const workspace_id = append.unit.workspaceId;
    const stream = append.append.stream;
    for (const row of eventRows(append, now)) events.push(row);
    for (const { blob } of append.events) {
      if (blob === null) continue;
      blobs.push({ workspace_id, sha256: blob.sha256, bytes: blob.bytes, stored_at: now });
      refs.push({ workspace_id, sha256: blob.sha256, referrer: `stream/${stream}` });
    }
    const key = keyOf(workspace_id, stream);
    changed.set(key, { workspace_id, stream, log: append.append.log, version: streams.get(key)?.version ?? 0 });
  }
  return { events, streams: Array.from(changed.values()), blobs, refs };
}

function eventRows({ unit, append, from, skipped, events, n }: PlacedAppend, now: number): readonly EventRow[] {
  const idOf = eventIdsOf(unit.workspaceId, append.stream, now);
  return events.map((event, i) => {
    const version = from + skipped + i;
    return {
      workspace_id: unit.workspaceId,
      log: append.log,
      n: n + i,
      event_id: idOf(version),
      stream: append.stream,
      version,
      type: event.type,
      schema_version: event.schemaVersion,
      data: event.blob === null ? event.json : null,
      data_blob: event.blob?.sha256 ?? null,
      actor: unit.actor,
      correlation_id: unit.correlationId ?? null,
      causation_id: unit.causationId ?? null,
      recorded_at: now,
    };
  });
}

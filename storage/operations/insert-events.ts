import type { WriteUnit } from '../../schemas/core.ts';
import type { Database, Executor } from '../database.ts';
import { eventIdsOf } from '../event-ids.ts';
import { insertRows, onTransaction } from '../insert-rows.ts';
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

/** Inserts the events, their payloads that are kept as blobs, and the new versions of their streams. */
export async function insertEvents(
  database: Database,
  trx: Executor,
  { placed, streams }: { readonly placed: readonly PlacedAppend[]; readonly streams: ReadonlyMap<string, StreamState> },
): Promise<void> {
  const on = onTransaction(database, trx);
  const now = database.now();
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
  await insertRows(on, eventsTable, events, { onTaken: 'fail' });
  await insertRows(on, streamsTable, Array.from(changed.values()), { onTaken: 'replace' });
  await insertRows(on, blobsTable, blobs, { onTaken: 'keep' });
  await insertRows(on, blobRefsTable, refs, { onTaken: 'keep' });
}

function eventRows({ unit, append, from, skipped, events, n }: PlacedAppend, now: number): readonly EventRow[] {
  const idOf = eventIdsOf(unit.workspaceId, append.stream);
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

import type { EventStore, LogName, StoredEvent } from '../../schemas/core.ts';
import type { Database, Executor } from '../database.ts';
import { decodeJson } from '../json-codec.ts';
import { prepareQuery, rowsOf } from '../prepared-query.ts';
import type { eventsTable } from '../tables/primary-tables.ts';
import type { RowOf } from '../tables/table-spec.ts';
import { currentSchemaVersion, upcast, type Upcasters } from '../upcasting.ts';
import { readBlobs } from './read-blobs.ts';

type EventRow = RowOf<typeof eventsTable>;

const DEFAULT_LIMIT = 1000;

export function readStream(database: Database, upcasters: Upcasters): EventStore['readStream'] {
  const query = prepareQuery<{ readonly workspaceId: string; readonly stream: string; readonly after: number; readonly limit: number }>()(
    (p) =>
      database.read
        .selectFrom('events')
        .selectAll()
        .where('workspace_id', '=', p.workspaceId)
        .where('stream', '=', p.stream)
        .where('version', '>', p.after)
        .orderBy('version')
        .limit(p.limit),
  );
  return async (workspaceId, stream, { afterVersion = 0, limit = DEFAULT_LIMIT } = {}) =>
    restore(database.read, await query.all(database.read, { workspaceId, stream, after: afterVersion, limit }), upcasters);
}

export function readLog(database: Database, upcasters: Upcasters): EventStore['readLog'] {
  const query = prepareQuery<{ readonly workspaceId: string; readonly log: string; readonly after: number; readonly limit: number }>()(
    (p) =>
      database.read
        .selectFrom('events')
        .selectAll()
        .where('workspace_id', '=', p.workspaceId)
        .where('log', '=', p.log)
        .where('n', '>', p.after)
        .orderBy('n')
        .limit(p.limit),
  );
  return async (workspaceId, log, { after = 0, limit = DEFAULT_LIMIT } = {}) =>
    restore(database.read, await query.all(database.read, { workspaceId, log, after, limit }), upcasters);
}

export function readTypes(database: Database, upcasters: Upcasters): EventStore['readTypes'] {
  return async (workspaceId, log, { types, after, upTo }) => {
    if (types.length === 0) return [];
    const some = types.map(() => '?').join(', ');
    const text = `select * from events where workspace_id = ? and log = ? and n > ? and n <= ? and type in (${some}) order by n`;
    return restore(database.read, await rowsOf<EventRow>(database.read, text, [workspaceId, log, after, upTo, ...types]), upcasters);
  };
}

export function readLastOf(database: Database, upcasters: Upcasters): EventStore['lastOf'] {
  const text = 'select * from events where workspace_id = ? and stream = ? order by version desc limit 1';
  return async (workspaceId, stream) =>
    (await restore(database.read, await rowsOf<EventRow>(database.read, text, [workspaceId, stream]), upcasters))[0];
}

/** Rows as events: payloads fetched from their blobs, forms brought up to date. */
export async function restore(on: Executor, rows: readonly EventRow[], upcasters: Upcasters): Promise<readonly StoredEvent[]> {
  const payloads = await readPayloads(on, rows);
  return rows.map((row) => ({
    workspaceId: row.workspace_id,
    eventId: row.event_id,
    stream: row.stream,
    version: row.version,
    position: { log: row.log as LogName, n: row.n },
    type: row.type,
    schemaVersion: currentSchemaVersion(upcasters, row.type),
    data: upcast(upcasters, row.type, { schemaVersion: row.schema_version, data: dataOf(row, payloads) }),
    actor: row.actor,
    correlationId: row.correlation_id,
    causationId: row.causation_id,
    recordedAt: row.recorded_at,
  }));
}

type Payloads = ReadonlyMap<string, Uint8Array>;

function dataOf(row: EventRow, payloads: Payloads): unknown {
  if (row.data_blob === null) return decodeJson(row.data);
  const bytes = payloads.get(row.data_blob);
  // Gone: it was erased.
  return bytes === undefined ? null : decodeJson(new TextDecoder().decode(bytes));
}

async function readPayloads(on: Executor, rows: readonly EventRow[]): Promise<Payloads> {
  const workspaceId = rows[0]?.workspace_id;
  const wanted = rows.flatMap((row) => (row.data_blob === null ? [] : [row.data_blob]));
  return workspaceId === undefined || wanted.length === 0 ? new Map() : readBlobs(on, workspaceId, wanted);
}

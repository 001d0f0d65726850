import { bytes, defineTable, id, integer, nullable, text, workspaceId } from './table-spec.ts';
import { trendTables } from './trend-tables.ts';

/**
 * Tables that hold what cannot be derived. They are written in the transaction of the facts they belong to. All other tables
 * are projections.
 */

/** `n` counts within a log without holes; `data` is JSON, or null when it is kept as the blob `data_blob`. */
export const eventsTable = defineTable({
  name: 'events',
  columns: {
    workspace_id: workspaceId,
    log: id(64),
    n: integer,
    event_id: id(36),
    stream: id(190),
    version: integer,
    type: id(120),
    schema_version: integer,
    data: nullable(text),
    data_blob: nullable(id(64)),
    actor: id(190),
    correlation_id: nullable(id(190)),
    causation_id: nullable(id(190)),
    recorded_at: integer,
  },
  primaryKey: ['workspace_id', 'log', 'n'],
  unique: [
    ['workspace_id', 'stream', 'version'],
    ['workspace_id', 'event_id'],
  ],
});

export const streamsTable = defineTable({
  name: 'streams',
  columns: { workspace_id: workspaceId, stream: id(190), log: id(64), version: integer },
  primaryKey: ['workspace_id', 'stream'],
  small: true,
});

/** Last number given, by name: a log, `inbox/<source>` or `dead-letters`; and what was deleted of an inbox, as `trimmed/<what>/<source>`. */
export const countersTable = defineTable({
  name: 'counters',
  columns: { workspace_id: workspaceId, name: id(220), n: integer },
  primaryKey: ['workspace_id', 'name'],
  small: true,
});

export const claimsTable = defineTable({
  name: 'claims',
  columns: { workspace_id: workspaceId, scope: id(190), claim_key: id(255), value: text, taken_at: integer },
  primaryKey: ['workspace_id', 'scope', 'claim_key'],
  small: true,
});

/** A released lease keeps its row with an empty owner, so that fences go on rising. */
export const leasesTable = defineTable({
  name: 'leases',
  columns: {
    workspace_id: workspaceId,
    resource: id(190),
    owner: id(190),
    host: id(255),
    boot: id(190),
    pid: integer,
    fence: integer,
    expires_at: integer,
  },
  primaryKey: ['workspace_id', 'resource'],
  small: true,
});

export const runStatusTable = defineTable({
  name: 'run_status',
  columns: {
    workspace_id: workspaceId,
    run_id: id(190),
    flow: id(190),
    flow_version: id(64),
    mode: id(32),
    status: id(32),
    resource: id(190),
    since: integer,
  },
  primaryKey: ['workspace_id', 'run_id'],
  indexes: [['workspace_id', 'status', 'since', 'run_id']],
  small: true,
});

export const effectResultsTable = defineTable({
  name: 'effect_results',
  columns: {
    workspace_id: workspaceId,
    run_id: id(190),
    effect_id: id(255),
    scope: nullable(id(190)),
    content_key: nullable(id(190)),
    result: text,
    stored_at: integer,
  },
  primaryKey: ['workspace_id', 'run_id', 'effect_id'],
  indexes: [['workspace_id', 'scope', 'content_key']],
});

export const blobsTable = defineTable({
  name: 'blobs',
  columns: { workspace_id: workspaceId, sha256: id(64), bytes, stored_at: integer },
  primaryKey: ['workspace_id', 'sha256'],
});

export const blobRefsTable = defineTable({
  name: 'blob_refs',
  columns: { workspace_id: workspaceId, sha256: id(64), referrer: id(255) },
  primaryKey: ['workspace_id', 'sha256', 'referrer'],
  small: true,
});

const origin = {
  source_id: id(190),
  incarnation: integer,
  topic: id(190),
  partition_no: integer,
  record_offset: integer,
} as const;
const originKey = ['workspace_id', 'source_id', 'incarnation', 'topic', 'partition_no', 'record_offset'] as const;

/** `arrival` counts per source; `outcome` is `pending` until decided. Columns that may be null came with later levels. */
export const inboxTable = defineTable({
  name: 'inbox',
  columns: {
    workspace_id: workspaceId,
    ...origin,
    arrival: integer,
    record_id: id(255),
    record_key: nullable(text),
    body: text,
    received_at: integer,
    outcome: id(32),
    meta: nullable(text),
    subject: nullable(text),
    category: nullable(text),
    reporter: nullable(text),
    event_time: nullable(integer),
    lane: nullable(integer),
  },
  primaryKey: ['workspace_id', 'source_id', 'arrival'],
  unique: [['workspace_id', 'source_id', 'record_id'], originKey],
  indexes: [['workspace_id', 'source_id', 'outcome', 'arrival']],
});

export const offsetsTable = defineTable({
  name: 'offsets',
  columns: {
    workspace_id: workspaceId,
    source_id: id(190),
    topic: id(190),
    partition_no: integer,
    incarnation: integer,
    next_offset: integer,
    position: nullable(text),
    skipped: nullable(integer),
  },
  primaryKey: ['workspace_id', 'source_id', 'topic', 'partition_no'],
  small: true,
});

/** `headers` is JSON: name and base64 of each. `replayed_as` names the record that it has become, `record_id` what its sender called it. */
export const deadLettersTable = defineTable({
  name: 'dead_letters',
  columns: {
    workspace_id: workspaceId,
    letter_no: integer,
    ...origin,
    bytes,
    reason: text,
    received_at: integer,
    record_key: nullable(bytes),
    headers: nullable(text),
    source_time: nullable(integer),
    stage: nullable(id(32)),
    replayed_as: nullable(id(255)),
    record_id: nullable(id(255)),
  },
  primaryKey: ['workspace_id', 'letter_no'],
  unique: [originKey],
});

/** What processes say of their work for sources. `owner` names the process. */
export const sourceTasksTable = defineTable({
  name: 'source_tasks',
  columns: {
    workspace_id: workspaceId,
    source_id: id(190),
    task: id(255),
    owner: id(190),
    host: id(255),
    boot: id(190),
    pid: integer,
    state: id(32),
    trace: nullable(text),
    reported_at: integer,
  },
  primaryKey: ['workspace_id', 'source_id', 'task', 'owner'],
});

/** How far the relay of one part has sent. */
export const relayCursorsTable = defineTable({
  name: 'relay_cursors',
  columns: { workspace_id: workspaceId, relay: id(190), part: integer, log: id(64), n: integer, fence: integer },
  primaryKey: ['workspace_id', 'relay', 'part', 'log'],
  small: true,
});

/** Pieces of a streamed answer; not facts. */
const runFramesTable = defineTable({
  name: 'run_frames',
  columns: {
    workspace_id: workspaceId,
    run_id: id(190),
    effect_id: id(255),
    attempt: integer,
    seq: integer,
    data: text,
    expires_at: integer,
  },
  primaryKey: ['workspace_id', 'run_id', 'effect_id', 'attempt', 'seq'],
  indexes: [['workspace_id', 'expires_at']],
});

/** Keys by which the API is used; only a hash of the secret is kept. */
const accessKeysTable = defineTable({
  name: 'access_keys',
  columns: {
    workspace_id: workspaceId,
    key_id: id(64),
    name: id(190),
    secret_hash: id(190),
    roles: text,
    created_at: integer,
    expires_at: nullable(integer),
    revoked_at: nullable(integer),
  },
  primaryKey: ['workspace_id', 'key_id'],
});

/** The last event a projection has seen, by log. */
export const checkpointsTable = defineTable({
  name: 'projection_checkpoints',
  columns: { workspace_id: workspaceId, projection: id(64), log: id(64), n: integer },
  primaryKey: ['workspace_id', 'projection', 'log'],
  small: true,
});

export const primaryTables = [
  eventsTable,
  streamsTable,
  countersTable,
  claimsTable,
  leasesTable,
  runStatusTable,
  effectResultsTable,
  blobsTable,
  blobRefsTable,
  inboxTable,
  offsetsTable,
  deadLettersTable,
  sourceTasksTable,
  relayCursorsTable,
  runFramesTable,
  accessKeysTable,
  checkpointsTable,
  ...trendTables,
] as const;

import type { RecordOrigin, WorkspaceId } from '../../schemas/core.ts';
import type { Executor } from '../database.ts';
import { rowsOf } from '../prepared-query.ts';
import { fillKeys } from '../select-by-keys.ts';
import { keyOf } from '../operations/batch-state.ts';

/** Where a record stood, as both the inbox and the dead letters keep it. */
export type OriginColumns = {
  readonly source_id: string;
  readonly incarnation: number;
  readonly topic: string;
  readonly partition_no: number;
  readonly record_offset: number;
};

export const originColumns = (origin: RecordOrigin): OriginColumns => ({
  source_id: origin.sourceId,
  incarnation: origin.incarnation,
  topic: origin.topic,
  partition_no: origin.partition,
  record_offset: origin.offset,
});

export const toOrigin = (row: OriginColumns): RecordOrigin => ({
  sourceId: row.source_id,
  incarnation: row.incarnation,
  topic: row.topic,
  partition: row.partition_no,
  offset: row.record_offset,
});

/** A name for comparing origins. */
export const originKey = (o: RecordOrigin): string =>
  keyOf('at', o.sourceId, String(o.incarnation), o.topic, String(o.partition), String(o.offset));

/** Each is one search in a unique index. */
const MAX_LOOKUPS = 64;

/** Names of those origins that a table has already. */
export async function knownOrigins(
  trx: Executor,
  {
    table,
    workspaceId,
    origins,
  }: { readonly table: 'inbox' | 'dead_letters'; readonly workspaceId: WorkspaceId; readonly origins: readonly RecordOrigin[] },
): Promise<readonly string[]> {
  const known: string[] = [];
  for (let at = 0; at < origins.length; at += MAX_LOOKUPS) {
    const some = fillKeys(origins.slice(at, at + MAX_LOOKUPS));
    const one = '(workspace_id = ? and source_id = ? and incarnation = ? and topic = ? and partition_no = ? and record_offset = ?)';
    const text = `select source_id, incarnation, topic, partition_no, record_offset from ${table} where ${some.map(() => one).join(' or ')}`;
    const parameters = some.flatMap((origin) => [workspaceId, ...Object.values(originColumns(origin))]);
    for (const row of await rowsOf<OriginColumns>(trx, text, parameters)) {
      known.push(originKey(toOrigin(row)));
    }
  }
  return known;
}

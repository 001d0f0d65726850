import { isDeepStrictEqual } from 'node:util';
import type { WriteResult } from '../../schemas/core.ts';
import type { Executor } from '../database.ts';
import { decodeJson } from '../json-codec.ts';
import { rowsOf } from '../prepared-query.ts';
import type { eventsTable } from '../tables/primary-tables.ts';
import type { RowOf } from '../tables/table-spec.ts';
import { currentSchemaVersion, type Upcasters } from '../upcasting.ts';
import { keyOf } from './batch-state.ts';
import type { PlannedAppend } from './check-unit.ts';
import type { PreparedEvent, PreparedUnit } from './prepare-unit.ts';
import { restore } from './read-events.ts';

type Planned = { readonly prepared: PreparedUnit; readonly appends: readonly PlannedAppend[] };
type Conflict = Extract<WriteResult, { readonly status: 'conflict' }>;
type Known = { readonly type: string; readonly data: unknown };

/**
 * Looks whether events that a unit brings for numbers that are taken are those that stand there. Who writes other facts under numbers
 * that were written has not seen what happened: leaving its events out without a word would tear a hole into what it says.
 *
 * @returns the first unit, by its place among `planned`, whose events differ, with what it is answered; undefined when there is none
 */
export async function findDiffering(
  trx: Executor,
  planned: readonly Planned[],
  upcasters: Upcasters,
): Promise<{ readonly place: number; readonly result: Conflict } | undefined> {
  if (!planned.some(({ appends }) => appends.some(({ skipped }) => skipped > 0))) return undefined;
  // Of earlier units of this transaction, which no statement has written yet.
  const coming = new Map<string, Known>();
  for (const [place, { prepared, appends }] of planned.entries()) {
    const { workspaceId } = prepared.unit;
    for (const planned of appends) {
      const { stream } = planned.append;
      if (await differs(trx, { workspaceId, planned, coming, upcasters })) {
        return { place, result: { status: 'conflict', stream, version: planned.from + planned.skipped - 1 } };
      }
      const first = planned.from + planned.skipped;
      for (const [i, event] of planned.events.entries()) coming.set(keyOf(workspaceId, stream, String(first + i)), knownOf(event));
    }
  }
  return undefined;
}

type Overlap = {
  readonly workspaceId: string;
  readonly planned: PlannedAppend;
  readonly coming: ReadonlyMap<string, Known>;
  readonly upcasters: Upcasters;
};

async function differs(trx: Executor, { workspaceId, planned, coming, upcasters }: Overlap): Promise<boolean> {
  const { append, from, skipped } = planned;
  if (skipped === 0) return false;
  const rows = await rowsOf<RowOf<typeof eventsTable>>(
    trx,
    'select * from events where workspace_id = ? and stream = ? and version >= ? and version < ?',
    [workspaceId, append.stream, from, from + skipped],
  );
  const stored = new Map((await restore(trx, rows, upcasters)).map((event) => [event.version, event]));
  const ignored = 'from' in append.expected ? (append.expected.ignoring ?? []) : [];
  return append.events.slice(0, skipped).some((event, i) => {
    const there = stored.get(from + i) ?? coming.get(keyOf(workspaceId, append.stream, String(from + i)));
    // Erased, or of an older form: nothing to compare with.
    if (there === undefined || there.data === null || currentSchemaVersion(upcasters, event.type) !== event.schemaVersion) return false;
    return there.type !== event.type || !isDeepStrictEqual(without(there.data, ignored), without(decodeJson(event.json), ignored));
  });
}

const knownOf = ({ type, json }: PreparedEvent): Known => ({ type, data: decodeJson(json) });

function without(data: unknown, keys: readonly string[]): unknown {
  if (keys.length === 0 || typeof data !== 'object' || data === null || Array.isArray(data)) return data;
  return Object.fromEntries(Object.entries(data).filter(([key]) => !keys.includes(key)));
}

import type { Fence, WriteUnit } from '../../schemas/core.ts';
import type { Executor } from '../database.ts';
import type { Dialect } from '../dialect.ts';
import { selectByKeys } from '../select-by-keys.ts';
import type { PreparedUnit } from './prepare-unit.ts';

/** A name made of parts, for maps. */
export const keyOf = (...parts: readonly string[]): string => parts.join('\u0000');

export type LeaseState = { readonly owner: string; readonly fence: number };
export type StreamState = { readonly log: string; readonly version: number };

/** Every proof of ownership that a unit carries. */
export const fencesOf = ({ fence, within }: Pick<WriteUnit, 'fence' | 'within'>): readonly Fence[] =>
  [fence, within].filter((item) => item !== undefined);

/** What the units of a batch are checked against; units that pass are added to it, so that later ones see them. */
export type BatchState = {
  readonly leases: Map<string, LeaseState>;
  readonly claims: Map<string, string>;
  readonly streams: Map<string, StreamState>;
};

/**
 * Reads with a few statements all that the checks of a batch need. Leases stay locked, so that no fence rises meanwhile, and
 * streams, so that two processes which write to the same one take turns. What is not there yet cannot be locked: whoever
 * comes second finds its key taken, and tries again with what is there then.
 */
export async function readBatchState(trx: Executor, dialect: Dialect, units: readonly PreparedUnit[]): Promise<BatchState> {
  const state: BatchState = { leases: new Map(), claims: new Map(), streams: new Map() };
  await readLeases(trx, dialect, units, state.leases);
  await readClaims(trx, units, state.claims);
  await readStreams(trx, dialect, units, state.streams);
  return state;
}

async function readLeases(trx: Executor, dialect: Dialect, units: readonly PreparedUnit[], leases: BatchState['leases']): Promise<void> {
  const wanted = group(units.flatMap(({ unit }) => fencesOf(unit).map(({ resource }) => ({ path: [unit.workspaceId], key: resource }))));
  for (const { path, keys } of wanted) {
    const [workspace = ''] = path;
    const rows = await selectByKeys<LeaseState & { readonly resource: string }>(trx, {
      table: 'leases',
      columns: ['resource', 'owner', 'fence'],
      equal: { workspace_id: workspace },
      column: 'resource',
      keys,
      lock: dialect.shareRows,
    });
    for (const row of rows) leases.set(keyOf(workspace, row.resource), { owner: row.owner, fence: row.fence });
  }
}

async function readClaims(trx: Executor, units: readonly PreparedUnit[], claims: BatchState['claims']): Promise<void> {
  const wanted = group(
    units.flatMap(({ unit }) => (unit.claims ?? []).map(({ scope, key }) => ({ path: [unit.workspaceId, scope], key }))),
  );
  for (const { path, keys } of wanted) {
    const [workspace = '', scope = ''] = path;
    const rows = await selectByKeys<{ readonly claim_key: string; readonly value: string }>(trx, {
      table: 'claims',
      columns: ['claim_key', 'value'],
      equal: { workspace_id: workspace, scope },
      column: 'claim_key',
      keys,
    });
    for (const row of rows) claims.set(keyOf(workspace, scope, row.claim_key), row.value);
  }
}

async function readStreams(trx: Executor, dialect: Dialect, units: readonly PreparedUnit[], streams: BatchState['streams']): Promise<void> {
  const wanted = group(units.flatMap(({ unit, appends }) => appends.map(({ stream }) => ({ path: [unit.workspaceId], key: stream }))));
  for (const { path, keys } of wanted) {
    const [workspace = ''] = path;
    const rows = await selectByKeys<{ readonly stream: string; readonly log: string; readonly version: number }>(trx, {
      table: 'streams',
      columns: ['stream', 'log', 'version'],
      equal: { workspace_id: workspace },
      column: 'stream',
      keys,
      lock: dialect.lockRows,
    });
    for (const row of rows) streams.set(keyOf(workspace, row.stream), { log: row.log, version: row.version });
  }
}

/** Distinct keys under each path; both sorted, so that locks are always taken in the same order. */
function group(
  wanted: readonly { readonly path: readonly string[]; readonly key: string }[],
): readonly { readonly path: readonly string[]; readonly keys: readonly string[] }[] {
  const groups = new Map<string, { readonly path: readonly string[]; readonly keys: Set<string> }>();
  for (const { path, key } of wanted) {
    const name = keyOf(...path);
    const known = groups.get(name) ?? { path, keys: new Set<string>() };
    known.keys.add(key);
    groups.set(name, known);
  }
  return Array.from(groups.keys())
    .sort()
    .flatMap((name) => {
      const found = groups.get(name);
      return found === undefined ? [] : [{ path: found.path, keys: Array.from(found.keys).sort() }];
    });
}

import type { Position, WriteResult, WriteUnit } from '../../schemas/core.ts';
import type { Database, Executor } from '../database.ts';
import { type BatchState, keyOf, readBatchState } from './batch-state.ts';
import type { Upcasters } from '../upcasting.ts';
import { checkUnit, type PlannedAppend } from './check-unit.ts';
import { findDiffering } from './find-differing.ts';
import { insertEvents, type PlacedAppend } from './insert-events.ts';
import { insertUnitRows } from './insert-unit-rows.ts';
import type { PreparedUnit } from './prepare-unit.ts';
import { readPositions } from './read-positions.ts';
import { type TakeNumbers, takeNumbers } from './take-numbers.ts';

/** The result of a unit, or the error it alone has caused. */
export type UnitOutcome = { readonly ok: true; readonly result: WriteResult } | { readonly ok: false; readonly error: unknown };

/** A unit that passed its checks. */
type Passed = { readonly index: number; readonly prepared: PreparedUnit; readonly appends: readonly PlannedAppend[] };

/**
 * Writes units within one transaction, in their order. All checks come before the first write, so a refused unit leaves no
 * trace in the transaction which it shares with others.
 */
export function writeUnits(
  database: Database,
  upcasters: Upcasters,
): (trx: Executor, units: readonly PreparedUnit[]) => Promise<readonly UnitOutcome[]> {
  const numbers = takeNumbers(database);
  const addEvents = insertEvents(database);
  const addUnitRows = insertUnitRows(database);
  return async (trx, units) => {
    if (units.length === 0) return [];
    const { outcomes, passed, state } = await checked(trx, units);
    const placed = await placeAppends(trx, passed, numbers);
    await addEvents(trx, { placed: placed.flat(), streams: state.streams });
    await addUnitRows(trx, passed.map(toWrite));
    for (const [i, { index }] of passed.entries()) {
      outcomes[index] = { ok: true, result: { status: 'written', positions: await positionsOf(trx, placed[i] ?? []) } };
    }
    return outcomes;
  };

  async function checked(trx: Executor, units: readonly PreparedUnit[]): Promise<Checked & { readonly state: BatchState }> {
    const refused = new Map<PreparedUnit, WriteResult>();
    for (;;) {
      // Anew after a refusal: what the refused unit would have written was taken for written.
      const state = await readBatchState(trx, database.dialect, units);
      const { outcomes, passed } = checkAll(units, { state, refused });
      const found = await findDiffering(trx, passed, upcasters);
      const differing = found === undefined ? undefined : passed[found.place];
      if (found === undefined || differing === undefined) return { outcomes, passed, state };
      refused.set(differing.prepared, found.result);
    }
  }
}

/** A unit whose events are all there already was written before: the status of its run may have changed since. */
function toWrite({ prepared: { unit }, appends }: Passed): WriteUnit {
  const isRepeated = appends.some(({ skipped }) => skipped > 0) && appends.every(({ events }) => events.length === 0);
  return isRepeated ? { ...unit, runStatus: [] } : unit;
}

type Checked = { readonly outcomes: UnitOutcome[]; readonly passed: readonly Passed[] };

function checkAll(
  units: readonly PreparedUnit[],
  { state, refused }: { readonly state: BatchState; readonly refused: ReadonlyMap<PreparedUnit, WriteResult> },
): Checked {
  const outcomes: UnitOutcome[] = [];
  const passed: Passed[] = [];
  for (const [index, prepared] of units.entries()) {
    const refusal = refused.get(prepared);
    if (refusal !== undefined) {
      outcomes.push({ ok: true, result: refusal });
      continue;
    }
    try {
      const check = checkUnit(prepared, state);
      if (check.accepted) passed.push({ index, prepared, appends: check.appends });
      outcomes.push({ ok: true, result: check.accepted ? { status: 'written', positions: [] } : check.result });
    } catch (error) {
      outcomes.push({ ok: false, error });
    }
  }
  return { outcomes, passed };
}

/** Gives every new event its number, unit by unit. Counters are raised in the order of their names, as everybody does. */
async function placeAppends(trx: Executor, passed: readonly Passed[], numbers: TakeNumbers): Promise<readonly (readonly PlacedAppend[])[]> {
  const counts = new Map<string, { readonly workspaceId: string; readonly name: string; readonly count: number }>();
  for (const { prepared, appends } of passed) {
    for (const { append, events } of appends) {
      if (events.length === 0) continue;
      const key = keyOf(prepared.unit.workspaceId, append.log);
      const count = (counts.get(key)?.count ?? 0) + events.length;
      counts.set(key, { workspaceId: prepared.unit.workspaceId, name: append.log, count });
    }
  }
  const next = new Map<string, number>();
  for (const [key, counter] of Array.from(counts).sort(([a], [b]) => (a < b ? -1 : 1))) next.set(key, await numbers(trx, counter));
  return passed.map(({ prepared, appends }) =>
    appends.map((plan) => {
      const key = keyOf(prepared.unit.workspaceId, plan.append.log);
      const n = next.get(key) ?? 0;
      next.set(key, n + plan.events.length);
      return { ...plan, unit: prepared.unit, n };
    }),
  );
}

/** Of all events of a unit in order, those written earlier included. */
async function positionsOf(trx: Executor, appends: readonly PlacedAppend[]): Promise<readonly Position[]> {
  const positions: Position[] = [];
  for (const { unit, append, from, skipped, events, n } of appends) {
    if (skipped > 0) {
      const before = { workspaceId: unit.workspaceId, stream: append.stream, from, count: skipped };
      for (const position of await readPositions(trx, before)) positions.push(position);
    }
    for (let i = 0; i < events.length; i++) positions.push({ log: append.log, n: n + i });
  }
  return positions;
}

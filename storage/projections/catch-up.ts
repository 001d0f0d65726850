import { setImmediate as nextTurn } from 'node:timers/promises';
import type { LogName, Position, WorkspaceId } from '../../schemas/core.ts';
import type { Database } from '../database.ts';
import { readHead } from '../operations/read-head.ts';
import type { Upcasters } from '../upcasting.ts';
import { type ApplyEvents, applyEvents } from './apply-events.ts';
import { moveCheckpoint, readCheckpoints } from './checkpoints.ts';
import type { Projection } from './projection.ts';
import { readSlice, SLICE } from './read-slice.ts';

export type ProjectionContext = { readonly database: Database; readonly upcasters: Upcasters; readonly projections: readonly Projection[] };
type Live = { readonly projection: Projection; readonly apply: ApplyEvents };

type CatchUp = (workspaceId: WorkspaceId, until?: readonly Position[]) => Promise<void>;

/**
 * Applies new events slice by slice; the rows and the checkpoints of a slice in one transaction. Any number of processes may do
 * so at once: whoever finds a checkpoint moved by another leaves his slice and goes on from there.
 */
export function catchUp(context: ProjectionContext): CatchUp {
  const head = readHead(context.database);
  const live = context.projections.map((projection) => ({
    projection,
    apply: applyEvents(context.database.dialect, projection, projection.table.name),
  }));
  const logs = Array.from(new Set(context.projections.map(({ log }) => log)));
  const catchUpAll: CatchUp = async (workspaceId, until) => {
    for (const log of logs) {
      const wanted = until === undefined ? Number.POSITIVE_INFINITY : highest(until, log);
      const target = Math.min(wanted, await head(context.database.read, workspaceId, log));
      while (await advance(context, workspaceId, { log, target, live: live.filter((each) => each.projection.log === log) }))
        await nextTurn();
    }
  };
  return oneAtATime(catchUpAll);
}

const highest = (positions: readonly Position[], log: LogName): number =>
  positions.reduce((n, position) => (position.log === log ? Math.max(n, position.n) : n), 0);

/** Moves those projections of a log on that are furthest behind. False when all have seen the target. */
async function advance(
  { database, upcasters }: ProjectionContext,
  workspaceId: WorkspaceId,
  { log, target, live }: { readonly log: LogName; readonly target: number; readonly live: readonly Live[] },
): Promise<boolean> {
  const checkpoints = await readCheckpoints(database.read, workspaceId);
  const places = live.map((each) => ({ ...each, at: checkpoints.get(each.projection.name) ?? 0 }));
  const from = Math.min(...places.map(({ at }) => at));
  if (from >= target) return false;
  const group = places.filter(({ at }) => at === from);
  // Not beyond the next projection's place: from there on they go together.
  const to = Math.min(from + SLICE, target, ...places.filter(({ at }) => at > from).map(({ at }) => at));
  const types = Array.from(new Set(group.flatMap(({ projection }) => projection.types)));
  const events = await readSlice(database.read, workspaceId, { slice: { log, after: from, to, types }, upcasters });
  await database.transaction(async (trx) => {
    for (const { projection, apply } of group) {
      if (!(await moveCheckpoint({ trx, dialect: database.dialect, workspaceId }, projection, { from, to }))) continue;
      const own = events.filter((event) => projection.types.includes(event.type));
      await apply(trx, workspaceId, own);
    }
  });
  return true;
}

/** Callers in one process take turns; each still looks for what is new when its turn comes. */
function oneAtATime(work: CatchUp): CatchUp {
  const last = new Map<WorkspaceId, Promise<void>>();
  return async (workspaceId, until) => {
    const before = last.get(workspaceId) ?? Promise.resolve();
    const mine = before.catch(() => undefined).then(() => work(workspaceId, until));
    last.set(workspaceId, mine);
    try {
      await mine;
    } finally {
      if (last.get(workspaceId) === mine) last.delete(workspaceId);
    }
  };
}

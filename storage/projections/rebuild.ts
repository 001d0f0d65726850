import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Projections, type ProjectionStatus, RiskflowError, type WorkspaceId } from '../../schemas/core.ts';
import type { Executor, Session } from '../database.ts';
import { readHead } from '../operations/read-head.ts';
import { execute } from '../prepared-query.ts';
import { renderTable } from '../tables/render-table.ts';
import { type ApplyEvents, applyEvents } from './apply-events.ts';
import type { ProjectionContext } from './catch-up.ts';
import { lockCheckpoint, setCheckpoint } from './checkpoints.ts';
import type { Projection } from './projection.ts';
import { readSlice, SLICE } from './read-slice.ts';
import { projectionStatus } from './status.ts';

type Progress = (done: number) => void;
type Head = ReturnType<typeof readHead>;
type Rebuild = {
  readonly context: ProjectionContext;
  readonly head: Head;
  readonly workspaceId: WorkspaceId;
  readonly projection: Projection;
  /** The temporary table, and how events get there. */
  readonly copy: string;
  readonly apply: ApplyEvents;
};

/**
 * Makes the rows of projections again from the first event on. They grow in a temporary table beside the live one, slice by
 * slice, so that nobody waits for a lock meanwhile; then one transaction applies the last events and exchanges all rows.
 */
export function rebuild(context: ProjectionContext): Projections['rebuild'] {
  const head = readHead(context.database);
  const status = projectionStatus(context);
  return async (workspaceId, { name, onProgress } = {}): Promise<readonly ProjectionStatus[]> => {
    const chosen = context.projections.filter((projection) => name === undefined || projection.name === name);
    if (chosen.length === 0) throw unknownProjection(context, name);
    const heads = await Promise.all(chosen.map(({ log }) => head(context.database.read, workspaceId, log)));
    const total = heads.reduce((sum, n) => sum + n, 0);
    let done = 0;
    for (const projection of chosen) {
      const before = done;
      const copy = `rebuilt_${projection.table.name}`;
      const apply = applyEvents(context.database.dialect, projection, copy);
      const progress: Progress = (n) => onProgress?.(Math.min(before + n, total), total);
      done += await rebuildOne({ context, head, workspaceId, projection, copy, apply }, progress);
    }
    return (await status(workspaceId)).filter((each) => chosen.some((projection) => projection.name === each.name));
  };
}

const unknownProjection = ({ projections }: ProjectionContext, name: string | undefined): RiskflowError =>
  new RiskflowError('not_found', `there is no projection ${String(name)}`, {
    hint: `there are: ${projections.map((each) => each.name).join(', ')}`,
  });

/** Returns the number of the last event it has seen. */
function rebuildOne(rebuild: Rebuild, progress: Progress): Promise<number> {
  const { context, projection, copy } = rebuild;
  const { database } = context;
  return database.session(async (session) => {
    for (const statement of renderTable(projection.table, database.dialect.tables, { name: copy }))
      await execute(session.connection, statement);
    try {
      const seen = await fillCopy(rebuild, session, progress);
      const end = await exchange(rebuild, session, seen);
      progress(end);
      return end;
    } finally {
      // A pooled connection outlives the session.
      await execute(session.connection, `drop table if exists ${copy}`);
    }
  });
}

async function fillCopy(rebuild: Rebuild, { connection }: Session, progress: Progress): Promise<number> {
  const head = await rebuild.head(connection, rebuild.workspaceId, rebuild.projection.log);
  let seen = 0;
  while (seen < head) {
    const to = Math.min(seen + SLICE, head);
    await applySlice(rebuild, connection, { after: seen, to });
    seen = to;
    progress(seen);
    await nextTurn();
  }
  return seen;
}

async function applySlice(
  { context, workspaceId, projection, apply }: Rebuild,
  on: Executor,
  { after, to }: { readonly after: number; readonly to: number },
): Promise<void> {
  const slice = { log: projection.log, after, to, types: projection.types };
  await apply(on, workspaceId, await readSlice(on, workspaceId, { slice, upcasters: context.upcasters }));
}

function exchange(rebuild: Rebuild, session: Session, seen: number): Promise<number> {
  const { context, workspaceId, projection, copy } = rebuild;
  return session.transaction(async (trx) => {
    const target = { trx, dialect: context.database.dialect, workspaceId };
    // Readers may have been told that the projection is at this place already: never less.
    await lockCheckpoint(target, projection);
    const head = await rebuild.head(trx, workspaceId, projection.log);
    for (let after = seen; after < head; after += SLICE) await applySlice(rebuild, trx, { after, to: Math.min(after + SLICE, head) });
    const columns = Object.keys(projection.table.columns).join(', ');
    await execute(trx, `delete from ${projection.table.name} where workspace_id = ?`, [workspaceId]);
    await execute(trx, `insert into ${projection.table.name} (${columns}) select ${columns} from ${copy}`);
    await setCheckpoint(target, projection, head);
    return head;
  });
}

import type { WorkspaceId } from '../../schemas/core.ts';
import type { Dialect } from '../dialect.ts';
import type { Executor } from '../database.ts';
import { rowInserter } from '../insert-rows.ts';
import { execute, rowsOf } from '../prepared-query.ts';
import { checkpointsTable } from '../tables/primary-tables.ts';
import type { Projection } from './projection.ts';

/** How far each projection is, by name; 0 for one that has not begun. */
export async function readCheckpoints(on: Executor, workspaceId: WorkspaceId): Promise<ReadonlyMap<string, number>> {
  const rows = await rowsOf<{ readonly projection: string; readonly n: number }>(
    on,
    'select projection, n from projection_checkpoints where workspace_id = ?',
    [workspaceId],
  );
  return new Map(rows.map((row) => [row.projection, row.n]));
}

type Target = { readonly trx: Executor; readonly dialect: Dialect; readonly workspaceId: WorkspaceId };

/** Moves a checkpoint on, if it is still where the caller found it. Holds it until the transaction ends. */
export async function moveCheckpoint(
  { trx, dialect, workspaceId }: Target,
  projection: Projection,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<boolean> {
  if (from === 0) await ensureCheckpoint({ trx, dialect, workspaceId }, projection);
  const moved = await execute(
    trx,
    'update projection_checkpoints set n = ? where workspace_id = ? and projection = ? and log = ? and n = ?',
    [to, workspaceId, projection.name, projection.log, from],
  );
  return moved > 0;
}

/** Reads a checkpoint and holds it until the transaction ends. */
export async function lockCheckpoint({ trx, dialect, workspaceId }: Target, projection: Projection): Promise<number> {
  await ensureCheckpoint({ trx, dialect, workspaceId }, projection);
  const rows = await rowsOf<{ readonly n: number }>(
    trx,
    `select n from projection_checkpoints where workspace_id = ? and projection = ? and log = ?${dialect.lockRows}`,
    [workspaceId, projection.name, projection.log],
  );
  return rows[0]?.n ?? 0;
}

/** Wherever it was. */
export async function setCheckpoint({ trx, dialect, workspaceId }: Target, projection: Projection, n: number): Promise<void> {
  const row = { workspace_id: workspaceId, projection: projection.name, log: projection.log, n };
  await rowInserter(dialect, checkpointsTable, { onTaken: 'replace' })(trx, [row]);
}

async function ensureCheckpoint({ trx, dialect, workspaceId }: Target, projection: Projection): Promise<void> {
  const row = { workspace_id: workspaceId, projection: projection.name, log: projection.log, n: 0 };
  await rowInserter(dialect, checkpointsTable, { onTaken: 'keep' })(trx, [row]);
}

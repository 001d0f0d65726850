import type { ProjectionStatus, WorkspaceId } from '../../schemas/core.ts';
import { readHead } from '../operations/read-head.ts';
import type { ProjectionContext } from './catch-up.ts';
import { readCheckpoints } from './checkpoints.ts';
import { hashRows } from './hash-rows.ts';

/** Where every projection is, and a hash of its rows. Reads all rows. */
export function projectionStatus({
  database,
  projections,
}: ProjectionContext): (workspaceId: WorkspaceId) => Promise<readonly ProjectionStatus[]> {
  const head = readHead(database);
  // On a connection of its own, since other readers would wait until all rows are hashed.
  return (workspaceId) =>
    database.session(async ({ connection }) => {
      const checkpoints = await readCheckpoints(connection, workspaceId);
      const status: ProjectionStatus[] = [];
      for (const { name, log, table } of projections) {
        const { rows, hash } = await hashRows(connection, workspaceId, table);
        status.push({ name, log, checkpoint: checkpoints.get(name) ?? 0, head: await head(connection, workspaceId, log), rows, hash });
      }
      return status;
    });
}

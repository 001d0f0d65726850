import type { WorkspaceId } from '../../schemas/core.ts';
import type { Executor } from '../database.ts';
import { selectByKeys } from '../select-by-keys.ts';
import type { blobsTable } from '../tables/primary-tables.ts';
import type { RowOf } from '../tables/table-spec.ts';

/** The bytes of those that are there, by hash. */
export async function readBlobs(
  on: Executor,
  workspaceId: WorkspaceId,
  hashes: readonly string[],
): Promise<ReadonlyMap<string, Uint8Array>> {
  const rows = await selectByKeys<Pick<RowOf<typeof blobsTable>, 'sha256' | 'bytes'>>(on, {
    table: 'blobs',
    columns: ['sha256', 'bytes'],
    equal: { workspace_id: workspaceId },
    column: 'sha256',
    keys: Array.from(new Set(hashes)),
  });
  // mysql2 gives a Buffer, node:sqlite a Uint8Array; callers get the latter.
  return new Map(rows.map(({ sha256, bytes }) => [sha256, Buffer.isBuffer(bytes) ? new Uint8Array(bytes) : bytes]));
}

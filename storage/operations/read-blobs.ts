import { createHash } from 'node:crypto';
import { RiskflowError, type WorkspaceId } from '../../schemas/core.ts';
import type { Executor } from '../database.ts';
import { selectByKeys } from '../select-by-keys.ts';
import type { blobsTable } from '../tables/primary-tables.ts';
import type { RowOf } from '../tables/table-spec.ts';

/**
 * The bytes of those that are there, by hash.
 * @throws RiskflowError `invalid_file` for bytes that are no longer those that were written
 */
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
  return new Map(rows.map(({ sha256, bytes }) => [sha256, intact(sha256, Buffer.isBuffer(bytes) ? new Uint8Array(bytes) : bytes)]));
}

function intact(sha256: string, bytes: Uint8Array): Uint8Array {
  if (createHash('sha256').update(bytes).digest('hex') === sha256) return bytes;
  throw new RiskflowError('invalid_file', `the data is damaged: the blob ${sha256.slice(0, 12)} does not hold what was written`, {
    hint: 'restore it from a copy',
  });
}

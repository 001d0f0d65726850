import type { BlobStore } from '../../schemas/core.ts';
import type { Database } from '../database.ts';
import { execute, rowsOf } from '../prepared-query.ts';

/** Everybody below a folder of names, such as `temporal/`, in their order. */
export function readReferrers(database: Database): BlobStore['referrers'] {
  return async (workspaceId, folder, { after = folder, limit }) => {
    const rows = await rowsOf<{ readonly referrer: string }>(
      database.read,
      'select distinct referrer from blob_refs where workspace_id = ? and referrer > ? and referrer < ? order by referrer limit ?',
      // The character after the slash.
      [workspaceId, after, `${folder.slice(0, -1)}0`, limit],
    );
    return rows.map(({ referrer }) => referrer);
  };
}

/** Whoever refers to a blob again in the meantime holds its row, so that it is waited for and then seen. */
export function forgetReferrer(database: Database): BlobStore['forget'] {
  return (workspaceId, referrer, { storedBefore }) =>
    database.transaction(async (trx) => {
      const refs = await rowsOf<{ readonly sha256: string }>(trx, 'select sha256 from blob_refs where workspace_id = ? and referrer = ?', [
        workspaceId,
        referrer,
      ]);
      let removed = 0;
      for (const { sha256 } of refs) {
        await execute(trx, 'delete from blob_refs where workspace_id = ? and sha256 = ? and referrer = ?', [workspaceId, sha256, referrer]);
        removed += await execute(
          trx,
          `delete from blobs where workspace_id = ? and sha256 = ? and stored_at < ? and not exists (
             select 1 from blob_refs r where r.workspace_id = blobs.workspace_id and r.sha256 = blobs.sha256)`,
          [workspaceId, sha256, storedBefore],
        );
      }
      return removed;
    });
}

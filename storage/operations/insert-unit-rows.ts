import type { WriteUnit } from '../../schemas/core.ts';
import type { Database, Executor } from '../database.ts';
import { rowInserter } from '../insert-rows.ts';
import { blobRefsTable, blobsTable, claimsTable, runStatusTable } from '../tables/primary-tables.ts';
import type { RowOf } from '../tables/table-spec.ts';
import { keyOf } from './batch-state.ts';
import { markInboxDone } from '../inbox/mark-inbox-done.ts';

/** Inserts what units carry besides events: claims, blobs, run status, and which records of the inbox are done. */
export function insertUnitRows(database: Database): (trx: Executor, units: readonly WriteUnit[]) => Promise<void> {
  const { dialect } = database;
  const addClaims = rowInserter(dialect, claimsTable, { onTaken: 'fail' });
  const addBlobs = rowInserter(dialect, blobsTable, { onTaken: 'keep' });
  const addRefs = rowInserter(dialect, blobRefsTable, { onTaken: 'keep' });
  // `since` stays that of the first change, so that runs are found oldest first.
  const setRunStatus = rowInserter(dialect, runStatusTable, { onTaken: 'replace', keepColumns: ['since'] });
  return async (trx, units) => {
    const now = database.now();
    const { blobs, refs } = blobRows(units, now);
    await addClaims(trx, claimRows(units, now));
    await addBlobs(trx, blobs);
    await addRefs(trx, refs);
    await setRunStatus(trx, runStatusRows(units, now));
    await markInboxDone(trx, units);
  };
}

function claimRows(units: readonly WriteUnit[], now: number): readonly RowOf<typeof claimsTable>[] {
  const rows = new Map<string, RowOf<typeof claimsTable>>();
  for (const unit of units) {
    for (const { scope, key, value } of unit.claims ?? []) {
      const row = { workspace_id: unit.workspaceId, scope, claim_key: key, value, taken_at: now };
      rows.set(keyOf(unit.workspaceId, scope, key), row);
    }
  }
  return Array.from(rows.values());
}

function blobRows(
  units: readonly WriteUnit[],
  now: number,
): {
  readonly blobs: readonly RowOf<typeof blobsTable>[];
  readonly refs: readonly RowOf<typeof blobRefsTable>[];
} {
  const blobs = new Map<string, RowOf<typeof blobsTable>>();
  const refs: RowOf<typeof blobRefsTable>[] = [];
  for (const unit of units) {
    for (const { sha256, bytes, referrer } of unit.blobs ?? []) {
      blobs.set(keyOf(unit.workspaceId, sha256), { workspace_id: unit.workspaceId, sha256, bytes, stored_at: now });
      refs.push({ workspace_id: unit.workspaceId, sha256, referrer });
    }
  }
  return { blobs: Array.from(blobs.values()), refs };
}

/** The last change of each run. */
function runStatusRows(units: readonly WriteUnit[], now: number): readonly RowOf<typeof runStatusTable>[] {
  const rows = new Map<string, RowOf<typeof runStatusTable>>();
  for (const unit of units) {
    for (const change of unit.runStatus ?? []) {
      rows.set(keyOf(unit.workspaceId, change.runId), {
        workspace_id: unit.workspaceId,
        run_id: change.runId,
        flow: change.flow,
        flow_version: change.flowVersion,
        mode: change.mode,
        status: change.status,
        resource: change.resource,
        since: now,
      });
    }
  }
  return Array.from(rows.values());
}

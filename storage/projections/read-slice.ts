import type { LogName, StoredEvent, WorkspaceId } from '../../schemas/core.ts';
import type { Executor } from '../database.ts';
import { restore } from '../operations/read-events.ts';
import { rowsOf } from '../prepared-query.ts';
import type { eventsTable } from '../tables/primary-tables.ts';
import type { RowOf } from '../tables/table-spec.ts';
import type { Upcasters } from '../upcasting.ts';

/** Numbers of a log that are looked at in one go: some milliseconds of work when all of them matter. */
export const SLICE = 400;

export type Slice = { readonly log: LogName; readonly after: number; readonly to: number; readonly types: readonly string[] };

/** Events with numbers in (after, to] of the given types, in order. Others are not even decoded. */
export async function readSlice(
  on: Executor,
  workspaceId: WorkspaceId,
  { slice, upcasters }: { readonly slice: Slice; readonly upcasters: Upcasters },
): Promise<readonly StoredEvent[]> {
  const types = slice.types.map(() => '?').join(', ');
  const rows = await rowsOf<RowOf<typeof eventsTable>>(
    on,
    `select * from events where workspace_id = ? and log = ? and n > ? and n <= ? and type in (${types}) order by n`,
    [workspaceId, slice.log, slice.after, slice.to, ...slice.types],
  );
  return restore(on, rows, upcasters);
}

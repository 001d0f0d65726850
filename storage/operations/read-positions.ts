import type { Position } from '../../schemas/core.ts';
import type { Executor } from '../database.ts';
import { rowsOf } from '../prepared-query.ts';

/** Where `count` events of a stream from version `from` on are. */
export const readPositions = (
  on: Executor,
  wanted: { readonly workspaceId: string; readonly stream: string; readonly from: number; readonly count: number },
): Promise<readonly Position[]> =>
  rowsOf<Position>(
    on,
    'select log, n from events where workspace_id = ? and stream = ? and version >= ? and version < ? order by version',
    [wanted.workspaceId, wanted.stream, wanted.from, wanted.from + wanted.count],
  );

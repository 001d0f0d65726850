import { type Fence, RiskflowError, type TrendChange, type TrendResult, type TrendStore, type WorkspaceId } from '../../schemas/core.ts';
import type { Database, Executor } from '../database.ts';
import type { Dialect } from '../dialect.ts';
import { checkId } from '../ids.ts';
import { rowInserter } from '../insert-rows.ts';
import { prepareUnit } from '../operations/prepare-unit.ts';
import { writeUnits } from '../operations/write-units.ts';
import { execute, rowsOf } from '../prepared-query.ts';
import { trendPanesTable, trendProgressTable } from '../tables/trend-tables.ts';
import type { Upcasters } from '../upcasting.ts';
import { paneRow } from './pane-rows.ts';

type Write = (trx: Executor, workspaceId: WorkspaceId, change: Omit<TrendChange, 'events' | 'actor'>) => Promise<void>;

/** Writes panes, progress and events of some records in one transaction, when nobody else has counted those records. */
export function applyTrends(database: Database, upcasters: Upcasters): TrendStore['apply'] {
  const refuse = refuser(database);
  const writeRows = rowWriter(database);
  const commitUnits = writeUnits(database, upcasters);
  return async (workspaceId, change) => {
    check(workspaceId, change);
    const { sourceId, actor, events } = change;
    const append = { log: 'ledger', stream: `trend/${sourceId}`, expected: { any: true }, events } as const;
    const units = events.length === 0 ? [] : [prepareUnit({ workspaceId, actor, appends: [append] }, upcasters)];
    return database.transaction(async (trx) => {
      const refusal = await refuse(trx, workspaceId, change);
      if (refusal !== undefined) return refusal;
      await writeRows(trx, workspaceId, change);
      // Last: the counter of the ledger is locked from here on.
      const [written] = await commitUnits(trx, units);
      if (written === undefined) return { status: 'applied', positions: [] };
      if (!written.ok) throw written.error;
      if (written.result.status !== 'written')
        throw new RiskflowError('internal', `events of trends were refused: ${written.result.status}`);
      return { status: 'applied', positions: written.result.positions };
    });
  };
}

/** Puts panes that were counted again in the place of all that are there. */
export function replaceTrends(database: Database): TrendStore['replace'] {
  const refuse = refuser(database);
  const writeRows = rowWriter(database);
  return async (workspaceId, change) => {
    check(workspaceId, change);
    return database.transaction(async (trx) => {
      const refusal = await refuse(trx, workspaceId, change);
      if (refusal !== undefined) return refusal;
      await execute(trx, 'delete from trend_panes where workspace_id = ? and source_id = ?', [workspaceId, change.sourceId]);
      await writeRows(trx, workspaceId, change);
      return { status: 'applied', positions: [] };
    });
  };
}

function rowWriter({ dialect }: Database): Write {
  const setPanes = rowInserter(dialect, trendPanesTable, { onTaken: 'replace', keepColumns: ['subject', 'category'] });
  const setProgress = rowInserter(dialect, trendProgressTable, { onTaken: 'replace' });
  return async (trx, workspaceId, { sourceId, panes, progress }) => {
    await setPanes(
      trx,
      panes.map((pane) => paneRow(workspaceId, sourceId, pane)),
    );
    const { arrival, watermark, state } = progress;
    await setProgress(trx, [{ workspace_id: workspaceId, source_id: sourceId, arrival, watermark, state }]);
  };
}

type Refuse = (
  trx: Executor,
  workspaceId: WorkspaceId,
  change: Pick<TrendChange, 'sourceId' | 'from' | 'fence'>,
) => Promise<TrendResult | undefined>;

/** Why a change cannot be made on what is stored now, whose progress stays locked. */
function refuser({ dialect }: Database): Refuse {
  const begin = rowInserter(dialect, trendProgressTable, { onTaken: 'fail' });
  return async (trx, workspaceId, { sourceId, from, fence }) => {
    if (fence !== undefined && !(await isCurrent({ trx, dialect, workspaceId }, fence)))
      return { status: 'stale-fence', resource: fence.resource };
    const text = `select arrival from trend_progress where workspace_id = ? and source_id = ?${dialect.lockRows}`;
    const [row] = await rowsOf<{ readonly arrival: number }>(trx, text, [workspaceId, sourceId]);
    const arrival = row?.arrival ?? 0;
    if (arrival !== from) return { status: 'moved', arrival };
    // What is not there cannot be locked: of two that begin, the second finds the key taken, and tries again with what is there then.
    if (row === undefined) await begin(trx, [{ workspace_id: workspaceId, source_id: sourceId, arrival, watermark: null, state: '' }]);
    return undefined;
  };
}

type Place = { readonly trx: Executor; readonly dialect: Dialect; readonly workspaceId: WorkspaceId };

async function isCurrent({ trx, dialect, workspaceId }: Place, { resource, owner, fence }: Fence): Promise<boolean> {
  const text = `select owner, fence from leases where workspace_id = ? and resource = ?${dialect.shareRows}`;
  const [row] = await rowsOf<{ readonly owner: string; readonly fence: number }>(trx, text, [workspaceId, resource]);
  return row !== undefined && row.owner === owner && row.fence === fence;
}

function check(workspaceId: WorkspaceId, { sourceId }: Pick<TrendChange, 'sourceId'>): void {
  checkId('the workspace', workspaceId, 64);
  checkId('the source', sourceId, 180);
}

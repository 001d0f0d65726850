import type { ComparedDecisionRow, ReadModels } from '../../schemas/core.ts';
import type { Database } from '../database.ts';
import { spendId } from '../projections/daily-spend.ts';
import { rowsOf } from '../prepared-query.ts';

/** What a source, or its backtests, spent on a day. */
export function readDailySpend({ read }: Database): ReadModels['dailySpend'] {
  return async (workspaceId, { sourceId, day, purpose }) => {
    const row = await read
      .selectFrom('daily_spend')
      .selectAll()
      .where('workspace_id', '=', workspaceId)
      .where('spend_id', '=', spendId({ sourceId, day, purpose }))
      .executeTakeFirst();
    return { decisions: row?.decisions ?? 0, cost: row?.cost ?? 0, tokens: row?.tokens ?? 0 };
  };
}

/** In the order of the ledger. */
export function readComparedDecisions({ read }: Database): ReadModels['comparedDecisions'] {
  return async (workspaceId, { sourceId, mode, replay, agrees, after = 0, limit }) => {
    let query = read
      .selectFrom('disagreements')
      .selectAll()
      .where('workspace_id', '=', workspaceId)
      .where('source_id', '=', sourceId)
      .where('mode', '=', mode)
      .where('n', '>', after);
    if (replay !== undefined) query = query.where('replay', '=', replay);
    if (agrees !== undefined) query = query.where('agrees', '=', agrees ? 1 : 0);
    return (await query.orderBy('n').limit(limit).execute()).map((row): ComparedDecisionRow => ({
      n: row.n,
      recordId: row.record_id,
      flow: row.flow,
      flowVersion: row.flow_version,
      decisionId: row.decision_id,
      label: row.label,
      action: row.action,
      against: {
        flow: row.against_flow,
        flowVersion: row.against_version,
        decisionId: row.against_decision,
        label: row.against_label,
        action: row.against_action,
      },
      agrees: row.agrees === 1,
    }));
  };
}

type CountRow = {
  readonly flow: string;
  readonly flow_version: string;
  readonly label: string | null;
  readonly against_label: string | null;
  readonly n: number;
};

/** How often which labels met, by version of the flow that was held against the live one. */
export function countComparedLabels({ read }: Database): ReadModels['comparedLabels'] {
  return async (workspaceId, { sourceId, mode, replay }) => {
    const text = `select flow, flow_version, label, against_label, count(*) as n from disagreements
      where workspace_id = ? and source_id = ? and mode = ?${replay === undefined ? '' : ' and replay = ?'} group by flow, flow_version, label, against_label`;
    const rows = await rowsOf<CountRow>(read, text, [workspaceId, sourceId, mode, ...(replay === undefined ? [] : [replay])]);
    return rows.map((row) => ({
      flow: row.flow,
      flowVersion: row.flow_version,
      label: row.label,
      againstLabel: row.against_label,
      count: Number(row.n),
    }));
  };
}

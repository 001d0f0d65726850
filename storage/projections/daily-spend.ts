import type { SpendPurpose } from '../../schemas/core.ts';
import { defineTable, id, integer, real, workspaceId } from '../tables/table-spec.ts';
import { defineProjection } from './projection.ts';

export const dailySpendTable = defineTable({
  name: 'daily_spend',
  columns: {
    workspace_id: workspaceId,
    spend_id: id(255),
    source_id: id(190),
    day: id(10),
    purpose: id(32),
    decisions: integer,
    cost: real,
    tokens: integer,
  },
  primaryKey: ['workspace_id', 'spend_id'],
  small: true,
});

type Spend = { readonly sourceId: string; readonly day: string; readonly purpose: SpendPurpose };
export const spendId = ({ sourceId, day, purpose }: Spend): string => `${sourceId}/${day}/${purpose}`;

/** What decisions of each source cost on each day (UTC): those of backtests apart from all others, which came as records did. */
export const dailySpend = defineProjection({
  name: 'daily_spend',
  log: 'ledger',
  table: dailySpendTable,
  on: {
    DecisionMade: ({ sourceId, mode, decidedAt, cost, tokens }) => {
      if (decidedAt === null) return [];
      const day = new Date(decidedAt).toISOString().slice(0, 10);
      const purpose: SpendPurpose = mode === 'backtest' ? 'backtest' : 'stream';
      const key = spendId({ sourceId, day, purpose });
      return [
        {
          key,
          change: (before) => ({
            spend_id: key,
            source_id: sourceId,
            day,
            purpose,
            decisions: (before?.decisions ?? 0) + 1,
            cost: (before?.cost ?? 0) + (cost ?? 0),
            tokens: (before?.tokens ?? 0) + (tokens === null ? 0 : tokens.input + tokens.output),
          }),
        },
      ];
    },
  },
});

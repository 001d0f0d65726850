import { defineTable, id, integer, real, workspaceId } from '../tables/table-spec.ts';
import { defineProjection } from './projection.ts';

export const dailySpendTable = defineTable({
  name: 'daily_spend',
  columns: {
    workspace_id: workspaceId,
    spend_id: id(255),
    source_id: id(190),
    day: id(10),
    decisions: integer,
    cost: real,
    tokens: integer,
  },
  primaryKey: ['workspace_id', 'spend_id'],
  small: true,
});

export const spendId = (sourceId: string, day: string): string => `${sourceId}/${day}`;

/** What decisions of each source cost on each day (UTC), whatever their mode. */
export const dailySpend = defineProjection({
  name: 'daily_spend',
  log: 'ledger',
  table: dailySpendTable,
  on: {
    DecisionMade: ({ sourceId, decidedAt, cost, tokens }) => {
      if (decidedAt === null) return [];
      const day = new Date(decidedAt).toISOString().slice(0, 10);
      const key = spendId(sourceId, day);
      return [
        {
          key,
          change: (before) => ({
            spend_id: key,
            source_id: sourceId,
            day,
            decisions: (before?.decisions ?? 0) + 1,
            cost: (before?.cost ?? 0) + (cost ?? 0),
            tokens: (before?.tokens ?? 0) + (tokens === null ? 0 : tokens.input + tokens.output),
          }),
        },
      ];
    },
  },
});

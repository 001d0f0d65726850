import { hash } from 'node:crypto';
import type { TrendPane, WorkspaceId } from '../../schemas/core.ts';
import type { RowOf } from '../tables/table-spec.ts';
import type { trendPanesTable } from '../tables/trend-tables.ts';

export type PaneRow = RowOf<typeof trendPanesTable>;

const KEY_LENGTH = 32;

export const paneRow = (
  workspaceId: WorkspaceId,
  sourceId: string,
  { minute, subject, category, count, reporters }: TrendPane,
): PaneRow => ({
  workspace_id: workspaceId,
  source_id: sourceId,
  event_minute: minute,
  pane_key: hash('sha256', JSON.stringify([subject, category]), 'hex').slice(0, KEY_LENGTH),
  subject,
  category,
  records: count,
  reporters,
});

export const toPane = ({ event_minute: minute, subject, category, records: count, reporters }: PaneRow): TrendPane => ({
  minute,
  subject,
  category,
  count,
  reporters,
});

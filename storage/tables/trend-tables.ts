import { defineTable, id, integer, nullable, text, workspaceId } from './table-spec.ts';

/** Counts of records by event minute, subject and category. `pane_key` stands for the pair, which may be too long for a key. */
export const trendPanesTable = defineTable({
  name: 'trend_panes',
  columns: {
    workspace_id: workspaceId,
    source_id: id(190),
    event_minute: integer,
    pane_key: id(32),
    subject: nullable(text),
    category: nullable(text),
    records: integer,
    reporters: text,
  },
  primaryKey: ['workspace_id', 'source_id', 'event_minute', 'pane_key'],
});

/** How far the panes of a source are counted, and the state of its watermarks and alerts. */
export const trendProgressTable = defineTable({
  name: 'trend_progress',
  columns: { workspace_id: workspaceId, source_id: id(190), arrival: integer, watermark: nullable(integer), state: text },
  primaryKey: ['workspace_id', 'source_id'],
});

/** They are primary tables: an alert in force is known from them, and they are counted again only when a person asks for it. */
export const trendTables = [trendPanesTable, trendProgressTable] as const;

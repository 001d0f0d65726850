import type { TrendPane, TrendStore } from '../../schemas/core.ts';
import type { Database } from '../database.ts';
import { fillKeys } from '../select-by-keys.ts';
import { toPane } from './pane-rows.ts';

const MAX_MINUTES = 256;

/** Panes of a range of minutes, or of some. */
export function readPanes({ read }: Database): TrendStore['panes'] {
  return async (workspaceId, sourceId, of) => {
    const all = read
      .selectFrom('trend_panes')
      .selectAll()
      .where('workspace_id', '=', workspaceId)
      .where('source_id', '=', sourceId)
      .orderBy('event_minute')
      .orderBy('pane_key');
    if ('from' in of) {
      // Beyond what an integer column holds there is nothing.
      const [from, to] = [Math.max(of.from, -Number.MAX_SAFE_INTEGER), Math.min(of.to, Number.MAX_SAFE_INTEGER)];
      return (await all.where('event_minute', '>=', from).where('event_minute', '<', to).execute()).map(toPane);
    }
    const minutes = Array.from(new Set(of.minutes)).sort((a, b) => a - b);
    const panes: TrendPane[] = [];
    for (let at = 0; at < minutes.length; at += MAX_MINUTES) {
      const rows = await all.where('event_minute', 'in', fillKeys(minutes.slice(at, at + MAX_MINUTES))).execute();
      for (const row of rows) panes.push(toPane(row));
    }
    return panes;
  };
}

export function readTrendProgress({ read }: Database): TrendStore['progress'] {
  return async (workspaceId, sourceId) => {
    const row = await read
      .selectFrom('trend_progress')
      .select(['arrival', 'watermark', 'state'])
      .where('workspace_id', '=', workspaceId)
      .where('source_id', '=', sourceId)
      .executeTakeFirst();
    return row === undefined ? undefined : { arrival: row.arrival, watermark: row.watermark, state: row.state };
  };
}

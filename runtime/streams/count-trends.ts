import type { Context } from '../context.ts';
import type { SourceWatch } from './source-watch.ts';

/** Counts the records that came since into the panes of a source that has trends. */
export async function countTrends(_context: Context, watch: SourceWatch): Promise<void> {
  if (watch.view().state.settings.trends === undefined) return;
  await Promise.resolve();
}

import { RiskflowError, type SourceSettings, type TrendSettings } from '../../schemas/index.ts';
import type { Context } from '../context.ts';
import { readSourceState } from '../streams/source-state.ts';

export type TrendedSource = { readonly sourceId: string; readonly settings: SourceSettings & { readonly trends: TrendSettings } };

/** @throws RiskflowError `not_found` for no such source, `usage` for one whose settings do not ask for trends */
export async function readTrendedSource(context: Context, sourceId: string): Promise<TrendedSource> {
  const { settings } = await readSourceState(context, sourceId);
  const { trends } = settings;
  if (trends !== undefined) return { sourceId, settings: { ...settings, trends } };
  throw new RiskflowError('usage', `the trends of source "${sourceId}" are not counted`, {
    hint: 'put `trends: {}` into its settings, or rules of what a spike is: docs/trends.md',
  });
}
